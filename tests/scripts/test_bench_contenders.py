"""A peer that fails has a cell that says how; it never ends the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from bench_contenders import Contender, rotated
from bench_ctags import NoCtagsError, find_ctags
from bench_first_answer import spawn_to_answer
from bench_plan import attempt
from bench_results import Cell
from peers_client import LanguageServer
from peers_sample import Name

SYMBOL = Name("a.py", 1, 6, "Wanted", "class")

# Speaks just enough of LSP: answers ``initialize`` with argv[1], workspace/symbol with argv[2], and stops when told.
SERVER = """
import json, sys
while True:
    length = int(sys.stdin.buffer.readline().split(b":")[1])
    sys.stdin.buffer.readline()
    message = json.loads(sys.stdin.buffer.read(length))
    if message["method"] == "exit":
        break
    if "id" in message:
        results = {"initialize": sys.argv[1], "workspace/symbol": sys.argv[2]}
        result = json.loads(results.get(message["method"], "null"))
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
        sys.stdout.buffer.flush()
"""
OFFERS_SYMBOLS = '{"capabilities": {"workspaceSymbolProvider": true}}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("class Wanted: ...\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    return tmp_path


def contender(*command: str) -> Contender:
    return Contender("fake", lambda root: LanguageServer(command, root, {}, os.environ))


def first_answer(root: Path, *command: str, longest_s: float = 60.0) -> float | Cell:
    return attempt(spawn_to_answer(contender(*command), root, "b.py", SYMBOL, longest_s))


def server(root: Path, capabilities: str, symbols: str) -> tuple[str, ...]:
    return (sys.executable, "-c", SERVER, capabilities, symbols)


def test_the_first_answer_that_has_the_symbol_in_its_file_is_timed(root: Path) -> None:
    found = f'[{{"name": "Wanted", "location": {{"uri": "{(root / "a.py").as_uri()}"}}}}]'
    taken = first_answer(root, *server(root, OFFERS_SYMBOLS, found))
    assert isinstance(taken, float)
    assert taken > 0


def test_a_server_that_finds_the_symbol_nowhere_has_used_up_its_time(root: Path) -> None:
    taken = first_answer(root, *server(root, OFFERS_SYMBOLS, "[]"), longest_s=0.2)
    assert taken == Cell.failed("a symbol is not found in 0.2 s")


def test_a_server_that_offers_no_symbols_is_not_asked(root: Path) -> None:
    taken = first_answer(root, *server(root, '{"capabilities": {}}', "[]"))
    assert taken == Cell.failed("offers no workspace/symbol")


def test_a_server_that_dies_at_once_has_ended(root: Path) -> None:
    taken = first_answer(root, sys.executable, "-c", "raise SystemExit(3)")
    assert isinstance(taken, Cell)
    assert taken.problem.endswith("ended")


def test_a_program_that_is_not_there_is_a_failure(root: Path) -> None:
    taken = first_answer(root, str(root / "nothing"))
    assert isinstance(taken, Cell)
    assert "No such file" in taken.problem


def test_ctags_that_cannot_be_had_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCtagsError, match="install universal-ctags"):
        find_ctags(tmp_path)


def test_everybody_has_a_turn_and_nobody_always_the_first() -> None:
    three = [Contender(name, contender("x").start) for name in "abc"]
    turns = ["".join(one.name for one in rotated(three, turn)) for turn in range(4)]
    assert turns == ["abc", "bca", "cab", "abc"]
    assert list(rotated([], 1)) == []
