"""The memory of servers that are asked the same, with stand-ins for servers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bench_memory
import pytest
from bench_contenders import Contender
from bench_memory import measure_memory
from bench_plan import Bench, Plan
from bench_projects import Project
from bench_results import Row
from bench_targets import TARGETS
from peers_client import LanguageServer

# Notes in argv[1] what it is told and asked. Finds every class at once. argv[2] are further capabilities, argv[3] is
# what it does when asked for references, of which it finds none.
SERVER = """
import json, os, sys, time
offered = {"workspaceSymbolProvider": True, "definitionProvider": True, **json.loads(sys.argv[2])}
while True:
    length = int(sys.stdin.buffer.readline().split(b":")[1])
    sys.stdin.buffer.readline()
    message = json.loads(sys.stdin.buffer.read(length))
    method, params = message["method"], message.get("params")
    print(json.dumps([method, params]), file=open(sys.argv[1], "a"))
    if method == "exit":
        break
    result = {"capabilities": offered} if method == "initialize" else None
    if method == "workspace/symbol":
        result = [{"name": params["query"], "location": {"uri": f"file://{os.getcwd()}/a.py"}}]
    if method == "textDocument/references":
        exec(sys.argv[3])
    if "id" in message:
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
        sys.stdout.buffer.flush()
"""
REFERENCES = '{"referencesProvider": true}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # it is emptied
    monkeypatch.setattr(bench_memory, "wait_until_resting", lambda pids, longest_s: None)
    root = tmp_path / "origin"
    root.mkdir()
    methods = "".join(f"    def method_{number}(self): return self.method_{number}\n" for number in range(5))
    (root / "a.py").write_text(f"class Wanted:\n{methods}\nprint(Wanted)\n")
    (root / "b.py").write_text("from a import Wanted\n\nWanted().method_1()\n")
    return Project.copied("made", root, tmp_path / "copy")


def server(name: str, notes: Path, capabilities: str = REFERENCES, references: str = "") -> Contender:
    command = (sys.executable, "-c", SERVER, str(notes / name), capabilities, references)
    return Contender(name, lambda root: LanguageServer(command, root, {}, os.environ))


def measured(project: Project, scratch: Path, *servers: Contender, **plan: Any) -> dict[str, Row]:
    bench = Bench(Plan(**plan), servers, None, {}, scratch)
    return {row.key: row for row in measure_memory(bench, project)}


def asked(notes: Path) -> list[Any]:
    """What a server was asked, and which files it was told are open or closed."""
    messages = [json.loads(line) for line in notes.read_text().splitlines()]
    return [message for message in messages if message[0].startswith(("textDocument/", "workspace/symbol"))]


def test_everybody_is_asked_the_same_in_the_same_order(project: Project, tmp_path: Path) -> None:
    rows = measured(project, tmp_path, server("one", tmp_path), server("two", tmp_path))
    questions = asked(tmp_path / "one")
    assert questions == asked(tmp_path / "two")
    kinds = {method for method, _ in questions}
    assert {"workspace/symbol", "textDocument/definition", "textDocument/references"} <= kinds
    for key in ("memory_asked", "memory_idle"):
        assert all(cell.figure for cell in rows[key].cells.values())
    # One search shows that a server is there; it is no question.
    count = sum("didOpen" not in method and "didClose" not in method for method, _ in questions) - 1
    assert f"the same {count} questions" in rows["memory_asked"].title


def test_a_file_is_open_while_it_is_asked_about(project: Project, tmp_path: Path) -> None:
    measured(project, tmp_path, server("one", tmp_path))
    opened: list[str] = []
    for method, params in asked(tmp_path / "one"):
        if method == "textDocument/didOpen":
            assert params["textDocument"]["uri"] not in opened
            opened.append(params["textDocument"]["uri"])
        elif method == "textDocument/didClose":
            opened.remove(params["textDocument"]["uri"])
        elif method != "workspace/symbol":
            assert params["textDocument"]["uri"] in opened
    assert len(opened) == 1  # the editor's own


@pytest.mark.parametrize(
    ("capabilities", "references", "plan", "reason"),
    [
        ("{}", "", {}, "offers no references"),
        (REFERENCES, "raise SystemExit(1)", {}, "ended"),
        # The made-up servers take longer than the plan allows: that is what is tested.
        (REFERENCES, "time.sleep(2)", {"longest_s": 0.5}, "no answer to references in 0.5 s"),
        (REFERENCES, "time.sleep(0.1)", {"budget_s": 0.1}, "the questions take over 0.1 s"),
    ],
    ids=["offers less", "ends", "is slow once", "is slow in all"],
)
def test_who_does_not_answer_all_has_a_reason_and_the_figure_from_before(
    project: Project, tmp_path: Path, capabilities: str, references: str, plan: dict[str, Any], reason: str
) -> None:
    rows = measured(project, tmp_path, server("one", tmp_path, capabilities, references), **plan)
    cell = rows["memory_asked"].cells["one"]
    assert cell.figure is None
    assert cell.problem.endswith(reason)
    assert rows["memory_idle"].cells["one"].figure


def test_a_server_that_never_gets_ready_has_a_reason_twice(project: Project, tmp_path: Path) -> None:
    rows = measured(project, tmp_path, server("one", tmp_path, '{"workspaceSymbolProvider": false}'))
    assert {row.cells["one"].problem for row in rows.values()} == {"offers no workspace/symbol"}


def test_the_target_is_about_the_memory_after_the_questions() -> None:
    keys = {target.measured for target in TARGETS} | {target.beside[0] for target in TARGETS if target.beside}
    assert "memory_asked" in keys
    assert "memory_idle" not in keys
