"""FAULTS.md, X: clients that name what is not theirs, hostile names and text, abuse, places others can write."""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]

HUB = (sys.executable, "-P", "-m", "remora_hub")
SECRET = "canary_secret"
IN_ACCESS, IN_OPEN = 0x1, 0x20  # inotify(7)
ASKING_FOR_A_PLACE = (
    "definition",
    "references",
    "hover",
    "callers",
    "callees",
    "hierarchy",
    "tests",
    "exercised",
)
EVIL = "\x1b]0;owned\x07\x1b[31m\u202e"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.py"
    path.write_text(f"def {SECRET}(): pass\n")
    return path


@pytest.fixture
def was_touched(canary: Path) -> Iterator[Callable[[], bool]]:
    """Whether the canary was opened or read."""
    libc = ctypes.CDLL(None, use_errno=True)
    inotify = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert libc.inotify_add_watch(inotify, os.fsencode(canary), IN_ACCESS | IN_OPEN) >= 0
    poll = select.poll()
    poll.register(inotify, select.POLLIN)
    yield lambda: bool(poll.poll(0))
    os.close(inotify)  # other tests count those of this process


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A runtime directory with a path short enough for a socket."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def outside(canary: Path) -> list[str]:
    return [
        "../canary.py",
        "d/../../canary.py",
        "./../canary.py",
        str(canary),
        "/" + str(canary),
        "link.py",
        "linked/canary.py",
        "%2e%2e/canary.py",
        "..%2fcanary.py",
        "..\\canary.py",
        canary.as_uri(),
        "d/m0.py\0",
        "../canary.py\0d/m0.py",
    ]


def ask(hub: Any, method: str, **params: object) -> str:
    """What comes back, be it an error."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(hub.paths.socket))
    with connection, connection.makefile("rb") as answers:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        length = int(answers.readline().split(b":")[1])
        answers.readline()
        return answers.read(length).decode()


@pytest.mark.fault(case="X3")
def test_no_question_reads_or_shows_what_lies_outside_the_root(
    root: Path,
    canary: Path,
    was_touched: Callable[[], bool],
    start_hub: StartHub,
    write_files: WriteFiles,
) -> None:
    write_files(root / "d", 2)
    (root / "link.py").symlink_to(canary)
    (root / "linked").symlink_to(canary.parent)
    hub = start_hub()
    hub.converges()
    for path in outside(canary):
        answers = [ask(hub, "hub/outline", path=path), ask(hub, "hub/importers", path=path)]
        answers += [ask(hub, f"hub/{name}", path=path, line=1, column=5) for name in ASKING_FOR_A_PLACE]
        answers += [
            ask(hub, "hub/node", key=f"node:{path}:{SECRET}"),
            ask(hub, "hub/symbols", query="", path=path),
        ]
        assert not [
            answer for answer in answers if f"def {SECRET}" in answer or f'"name":"{SECRET}"' in answer
        ]
        assert not [answer for answer in answers if "failed inside the hub" in answer]
    assert not was_touched()
    assert "Traceback" not in hub.log.read_text()


@pytest.mark.fault(case="X3")
def test_an_editor_is_shown_nothing_from_outside_the_root(
    root: Path, canary: Path, was_touched: Callable[[], bool], start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 2)
    (root / "linked").symlink_to(canary.parent)
    hub = start_hub()
    hub.converges()
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(hub.paths.socket))
    uris = [
        canary.as_uri(),
        f"{root.as_uri()}/../canary.py",
        f"{root.as_uri()}/%2e%2e/canary.py",
        f"{root.as_uri()}/linked/canary.py",
        f"{root.as_uri()}/%00",
    ]
    messages: list[dict[str, object]] = [
        {"id": 0, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
    ]
    at_start = {"line": 0, "character": 5}
    for uri in uris:
        document = {"uri": uri}
        messages += [
            {"method": "workspace/didChangeWatchedFiles", "params": {"changes": [{"uri": uri, "type": 2}]}},
            {"id": f"s{uri}", "method": "textDocument/documentSymbol", "params": {"textDocument": document}},
            *(
                {"id": f"{name}{uri}", "method": f"textDocument/{name}", "params": params}
                for name in ("definition", "hover", "documentHighlight")
                for params in [{"textDocument": document, "position": at_start}]
            ),
        ]
    messages.append({"id": "last", "method": "shutdown"})
    with connection, connection.makefile("rb") as answers:
        for message in messages:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        seen = ""
        while '"last"' not in seen:
            length = int(answers.readline().split(b":")[1])
            answers.readline()
            seen += answers.read(length).decode()
    assert SECRET not in seen
    assert not was_touched()
    hub.converges()


@pytest.mark.fault(case="X1")
def test_a_socket_opened_to_all_still_serves_its_owner_alone(root: Path, start_hub: StartHub) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    hub = start_hub()
    hub.wait_until_ready()
    assert hub.paths.socket.stat().st_mode & 0o777 == 0o600
    assert hub.paths.socket.parent.stat().st_mode & 0o777 == 0o700
    hub.paths.socket.chmod(0o666)
    hub.paths.socket.parent.chmod(0o711)
    directory = os.open(hub.paths.socket.parent, os.O_PATH | os.O_DIRECTORY)
    reading, writing = os.pipe()
    stranger = os.fork()
    if stranger == 0:
        try:
            os.fchdir(directory)  # what lies above may be closed to him
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(hub.paths.socket.name)
            os.write(writing, connection.recv(1000))
        finally:
            os._exit(0)  # whatever happens: there must not be two of pytest
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert b"user 65534 is not the hub's" in answer.read()
    os.waitpid(stranger, 0)
    os.close(directory)


@pytest.mark.parametrize("place", ["writable", "linked"])
@pytest.mark.fault(case="X5")
def test_a_runtime_directory_that_others_could_swap_is_refused(
    root: Path, tmp_path: Path, runtime: Path, place: str
) -> None:
    if place == "writable":
        (runtime / "remora-hub").mkdir()
        (runtime / "remora-hub").chmod(0o777)
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        (runtime / "remora-hub").symlink_to(tmp_path / "elsewhere")
    process = subprocess.run(
        [*HUB, "run", str(root)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 78
    assert "remora-hub" in process.stderr
    assert "Traceback" not in process.stderr


def test_hostile_names_and_text_steer_no_terminal(root: Path, start_hub: StartHub) -> None:
    (root / f"{EVIL}.py").write_text(
        f'def evil():\n    """{EVIL}"""\n\n\nclass Derived(evil):\n    x = "{EVIL}"\n'
    )
    (root / f"{EVIL}link.py").symlink_to(f"{EVIL}target")
    hub = start_hub("logs.level=debug", "logs.format=console")
    hub.converges()
    place = ["--root", str(root), "--state-dir", str(hub.paths.state_dir)]
    for command in (
        ["symbols", "evil"],
        ["outline", f"{EVIL}.py"],
        ["node", f"{EVIL}.py:evil"],
        ["definition", "evil"],
        ["references", "evil"],
        ["hover", "evil"],
        ["context", "evil"],
        ["status", "--omitted"],
        ["changes"],
        ["report", "unused"],
        ["node", f"{EVIL}.py:none"],
    ):
        shown = subprocess.run(
            [*HUB, *command, *place], cwd=root, capture_output=True, timeout=60, check=False
        )
        for output in (shown.stdout, shown.stderr):
            text = output.decode()
            assert "\x1b]" not in text, command
            assert "\x07" not in text, command
            assert "\u202e" not in text, command
    log = hub.log.read_text()
    assert "\x07" not in log
    assert "\u202e" not in log


@pytest.mark.parametrize(
    "params",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"query":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        b'{"query":"' + b"a" * 15_000_000 + b'"}',
        b'{"query":"\\ud800"}',
        b'{"query":' + b"9" * 1_000_000 + b"}",
    ],
    ids=["deep lists", "deep objects", "long text", "half a surrogate", "long number"],
)
def test_input_built_to_exhaust_the_reader_costs_nobody_else(
    root: Path, start_hub: StartHub, write_files: WriteFiles, params: bytes
) -> None:
    write_files(root / "d", 2)
    hub = start_hub()
    hub.converges()
    before = hub.memory_mb()
    body = b'{"jsonrpc":"2.0","id":1,"method":"hub/symbols","params":' + params + b"}"
    with hub.client() as other:
        for _ in range(5):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(60)
            connection.connect(str(hub.paths.socket))
            connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            assert connection.recv(100)
            connection.close()
            assert len(other.call("hub/symbols", {"query": "f1"})["symbols"]) == 1
    hub.wait_until(lambda: hub.status()["clients"] == 1)
    assert hub.memory_mb() < before + 100
    hub.converges()


def test_ten_thousand_requests_of_a_client_that_vanishes_are_let_go(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 2)
    hub = start_hub()
    hub.converges()
    before = hub.memory_mb()
    for _ in range(3):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(hub.paths.socket))
        for number in range(10_000):
            params = {"query": "f", "sync": True}
            body = json.dumps(
                {"jsonrpc": "2.0", "id": number, "method": "hub/symbols", "params": params}
            ).encode()
            try:
                connection.send(b"Content-Length: %d\r\n\r\n%b" % (len(body), body), socket.MSG_DONTWAIT)
            except (BlockingIOError, ConnectionError):
                break  # the hub reads no more of it, or has hung up
        connection.close()
    hub.wait_until(lambda: hub.status()["clients"] == 1)
    assert hub.memory_mb() < before + 60
    hub.converges()
