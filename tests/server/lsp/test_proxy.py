"""``remora-hub lsp`` as editors start it: a process of its own between their pipes and the daemon."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import remora_hub
from remora_hub.daemon.hub import Hub
from remora_hub.holder import read_holder
from remora_hub.lsp_proxy import launcher
from remora_hub.paths import StatePaths

FOLDING = "textDocument/foldingRange"
BLOCK = "def f():\n    pass\n"
LONGEST_S = 60

Spawn = Callable[..., Awaitable[Any]]


@pytest.fixture
async def spawn(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[Spawn]:
    """Editors, each with its proxy process as ``process``; whatever daemon they leave is stopped."""
    (tmp_path / "r").mkdir(mode=0o700, exist_ok=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    editor_class = request.getfixturevalue("editor_class")
    made: list[Any] = []

    async def spawn(
        *options: str, cwd: Path | None = None, flags: Sequence[str] = ("-P",), **more: Any
    ) -> Any:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *flags, "-m", "remora_hub", "lsp", *options, **more,
            cwd=cwd or tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        editor = editor_class(root, process.stdout, process.stdin)
        editor.process = process
        made.append(editor)
        return editor

    yield spawn
    for editor in made:
        with suppress(ProcessLookupError):
            editor.process.kill()
        await editor.close()
        await editor.process.wait()
    for command in ("start", "run"):  # a proxy may have been about to start a daemon
        for process in psutil.process_iter(["cmdline"]):
            # One that is a fork has a title, which is a single word to the kernel.
            if {command, str(root)} <= set(" ".join(process.info["cmdline"] or ()).split()):
                with suppress(psutil.NoSuchProcess):  # gone by itself meanwhile
                    process.kill()
                    process.wait(LONGEST_S)


def daemon_of(root: Path) -> int | None:
    holder = read_holder(StatePaths(root).lock)
    return None if holder is None else holder.pid


async def code_of(editor: Any) -> int:
    async with asyncio.timeout(LONGEST_S):
        code: int = await editor.process.wait()
        return code


async def folded_lines(editor: Any, path: str) -> list[int]:
    return [one["startLine"] for one in await editor.about(FOLDING, path) or ()]


async def until_folded(editor: Any, path: str, lines: list[int]) -> None:
    """Asked again as an editor does after ContentModified, and while a young hub still indexes."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            answer = await editor.answer(FOLDING, {"textDocument": {"uri": editor.uri(path)}})
            found = [one["startLine"] for one in answer.get("result") or ()]
            if found == lines:
                return
            if "error" in answer:
                assert answer["error"]["code"] == -32801
            await asyncio.sleep(0.02)


def open_in(pid: int) -> set[str]:
    """What the descriptors of a process stand for (proc(5), ``fd``)."""
    found = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(os.readlink(one))
    return found


def states_of_threads(pid: int) -> set[str]:
    """See proc(5), ``stat``: S sleeps, R has something to do."""
    states = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # ended since it was listed
            states.add((task / "stat").read_text().rpartition(")")[2].split()[0])
    return states


async def until_at_rest(pid: int) -> None:
    """Return once no thread of a process has anything to do: what was sent to it makes one runnable at once."""
    async with asyncio.timeout(LONGEST_S):
        while states_of_threads(pid) != {"S"}:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def test_an_editor_is_served_by_the_running_daemon(hub: Hub, spawn: Spawn) -> None:
    editor = await spawn()
    assert (await editor.initialize())["serverInfo"]["name"] == "remora-hub"
    assert await folded_lines(editor, "app/models.py")
    assert await editor.ask("shutdown") is None
    editor.notify("exit", None)
    assert await code_of(editor) == 0


async def test_an_editor_that_just_goes_is_code_1_and_the_hub_stays(
    hub: Hub, spawn: Spawn, connect: Any
) -> None:
    editor = await spawn()
    await editor.initialize()
    editor.writer.close()
    assert await code_of(editor) == 1
    assert await (await connect()).initialize()


async def test_an_editor_that_goes_without_a_word_leaves_no_process(spawn: Spawn) -> None:
    editor = await spawn()
    editor.writer.close()
    assert await code_of(editor) == 1


async def test_the_daemon_is_started_where_none_runs_and_outlives_the_editor(
    spawn: Spawn, root: Path
) -> None:
    editor = await spawn()
    await editor.initialize()
    await until_folded(editor, "app/views.py", [5, 10])
    pid = daemon_of(root)
    assert pid not in (None, editor.process.pid)
    await editor.ask("shutdown")
    editor.notify("exit", None)
    assert await code_of(editor) == 0
    assert daemon_of(root) == pid


@pytest.mark.parametrize("flags", [("-P",), ()], ids=["a fork of it", "a new program"])
@pytest.mark.parametrize("options", [(), ("--set", "logs.level=debug")], ids=["", "with options"])
async def test_the_daemon_it_starts_goes_by_its_own_name_and_has_nothing_of_the_editor_s(
    spawn: Spawn, root: Path, flags: tuple[str, ...], options: tuple[str, ...]
) -> None:
    leaked, other_end = os.pipe()
    editor = await spawn(*options, flags=flags, pass_fds=(leaked,))
    await editor.initialize()
    daemon = psutil.Process(daemon_of(root))
    assert daemon.cmdline()[-2 - len(options) :] == ["run", str(root), *options]
    assert (daemon.cwd(), os.getsid(daemon.pid)) == ("/", daemon.pid)
    pipe = os.readlink(f"/proc/self/fd/{leaked}")
    assert pipe in open_in(editor.process.pid)
    assert pipe not in open_in(daemon.pid)
    os.close(leaked)
    os.close(other_end)


async def test_a_hub_that_was_updated_under_an_open_editor_is_started_as_it_is_now(
    spawn: Spawn, root: Path, tmp_path: Path
) -> None:
    """A fork of the old proxy would have modules of both."""
    updated = tmp_path / "updated"
    source = Path(remora_hub.__file__).parent
    await asyncio.to_thread(shutil.copytree, source, updated / "remora_hub")
    editor = await spawn(env={**os.environ, "PYTHONPATH": str(updated)})
    await editor.initialize()
    pid = daemon_of(root)
    assert pid is not None
    with (updated / "remora_hub" / "errors.py").open("a") as errors:
        errors.write("\nclass BrandNewError(HubError):\n    pass\n")
    hub = updated / "remora_hub" / "daemon" / "hub.py"
    before = "from remora_hub.errors import "
    hub.write_text(hub.read_text().replace(before, f"{before}BrandNewError, "))
    await asyncio.sleep(launcher._FRESH_S)  # until then nothing but a fork is made of it
    os.kill(pid, signal.SIGKILL)
    await until_folded(editor, "app/views.py", [5, 10])
    assert daemon_of(root) not in (None, pid)


async def test_a_daemon_that_dies_is_replaced_and_told_what_is_open(spawn: Spawn, root: Path) -> None:
    editor = await spawn()
    await editor.initialize()
    editor.open("app/views.py", BLOCK)
    edit = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    for _ in range(3):
        editor.change("app/views.py", {"range": edit, "text": "\n"})
    await until_folded(editor, "app/views.py", [3])
    pid = daemon_of(root)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    editor.change("app/views.py", {"range": edit, "text": "\n"})
    await until_folded(editor, "app/views.py", [4])
    assert daemon_of(root) not in (None, pid)


async def test_a_restart_of_the_daemon_is_lived_through(spawn: Spawn, root: Path) -> None:
    editor = await spawn()
    await editor.initialize()
    editor.open("app/views.py", BLOCK)
    await until_folded(editor, "app/views.py", [0])
    before = daemon_of(root)
    restart = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "remora_hub", "restart", "--root", str(root), stdout=subprocess.DEVNULL
    )
    async with asyncio.timeout(LONGEST_S):
        assert await restart.wait() == 0
    await until_folded(editor, "app/views.py", [0])
    assert daemon_of(root) not in (None, before)


async def hub_command(name: str, root: Path) -> None:
    command = (sys.executable, "-m", "remora_hub", name, *(["--root"] * (name == "stop")), str(root))
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    async with asyncio.timeout(LONGEST_S):
        assert await process.wait() == 0


async def test_what_is_unsaved_is_found_while_a_new_hub_still_compares_its_index_with_the_disk(
    spawn: Spawn, root: Path
) -> None:
    for number in range(1500):  # so that it takes a moment
        (root / f"m{number}.py").touch()
    index = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "remora_hub", "index", str(root), stdout=subprocess.DEVNULL
    )
    assert await index.wait() == 0
    editor = await spawn()
    await editor.initialize()
    editor.open("app/views.py", "class UnsavedThing: ...\n")
    found = await editor.ask("workspace/symbol", {"query": "UnsavedThing"})
    assert [one["name"] for one in found] == ["UnsavedThing"]


async def test_a_hub_that_somebody_stopped_stays_so_until_somebody_starts_one(
    spawn: Spawn, root: Path
) -> None:
    editor = await spawn()
    await editor.initialize()
    editor.open("app/views.py", BLOCK)
    await until_folded(editor, "app/views.py", [0])
    await hub_command("stop", root)
    said = await asyncio.wait_for(editor.process.stderr.readline(), LONGEST_S)
    assert b"the hub was stopped" in said
    for _ in range(40):  # beyond the half second after which it would start one
        answer = await editor.answer(FOLDING, {"textDocument": {"uri": editor.uri("app/views.py")}})
        assert answer["error"]["code"] == -32801
        await asyncio.sleep(0.02)
    assert psutil.Process(editor.process.pid).children() == []
    assert daemon_of(root) is None
    await hub_command("start", root)
    await until_folded(editor, "app/views.py", [0])


async def test_an_editor_that_opens_later_starts_a_hub_for_those_that_wait(spawn: Spawn, root: Path) -> None:
    first = await spawn()
    await first.initialize()
    await hub_command("stop", root)
    assert b"the hub was stopped" in await asyncio.wait_for(first.process.stderr.readline(), LONGEST_S)
    second = await spawn()
    await second.initialize()
    for editor in (first, second):
        await until_folded(editor, "app/views.py", [5, 10])


async def test_a_request_that_waits_when_the_daemon_dies_is_answered(spawn: Spawn, root: Path) -> None:
    editor = await spawn()
    await editor.initialize()
    pid = daemon_of(root)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    _, waiting = editor.begin(FOLDING, {"textDocument": {"uri": editor.uri("app/models.py")}})
    await until_at_rest(editor.process.pid)  # it has handed the request on
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(LONGEST_S):
        assert (await waiting)["error"]["code"] == -32801


async def test_the_root_is_found_from_a_folder_below_it(hub: Hub, spawn: Spawn, root: Path) -> None:
    for params in (
        {"workspaceFolders": [{"uri": (root / "app").as_uri(), "name": "app"}], "rootUri": None},
        {"rootUri": (root / "app").as_uri()},
        {"rootUri": None, "rootPath": str(root / "app")},
    ):
        editor = await spawn()
        await editor.initialize(**params)
        assert await folded_lines(editor, "app/models.py")


async def test_without_a_folder_the_current_directory_names_the_root(
    hub: Hub, spawn: Spawn, root: Path
) -> None:
    editor = await spawn(cwd=root / "app")
    await editor.initialize(rootUri=None)
    assert await folded_lines(editor, "app/models.py")


async def test_the_root_may_be_named(hub: Hub, spawn: Spawn, root: Path) -> None:
    editor = await spawn("--stdio", "--root", str(root))
    await editor.initialize(rootUri=None)
    assert await folded_lines(editor, "app/models.py")


async def test_a_root_that_is_not_there_is_what_initialize_fails_of(spawn: Spawn) -> None:
    editor = await spawn()
    params = {"processId": None, "capabilities": {}, "rootUri": "file:///nowhere/at/all"}
    answer = await editor.answer("initialize", params)
    assert "No such file" in answer["error"]["message"]
    editor.writer.close()
    assert await code_of(editor) == 1


async def test_a_hub_that_cannot_start_is_what_initialize_fails_of(spawn: Spawn, root: Path) -> None:
    (root / "remora-hub.toml").write_text("[index]\nparse_lanes = -1\n")
    editor = await spawn()
    params = {"processId": None, "capabilities": {}, "rootUri": root.as_uri()}
    answer = await editor.answer("initialize", params)
    assert "parse_lanes" in answer["error"]["message"]


async def test_without_a_daemon_the_hub_lives_and_ends_with_the_editor(spawn: Spawn, root: Path) -> None:
    editor = await spawn("--no-daemon")
    await editor.initialize()
    await until_folded(editor, "app/views.py", [5, 10])
    assert daemon_of(root) == editor.process.pid
    await editor.ask("shutdown")
    editor.notify("exit", None)
    assert await code_of(editor) == 0
    assert daemon_of(root) is None


async def test_where_a_daemon_runs_no_daemon_says_so_and_uses_it(hub: Hub, spawn: Spawn) -> None:
    editor = await spawn("--no-daemon")
    await editor.initialize()
    assert await folded_lines(editor, "app/models.py")
    editor.writer.close()
    assert await code_of(editor) == 1
    assert b"runs already: it is used" in await editor.process.stderr.read()


async def test_garbage_from_the_editor_ends_the_proxy_alone(hub: Hub, spawn: Spawn, connect: Any) -> None:
    editor = await spawn()
    editor.writer.write(b"Content-Type: x\r\n\r\n" + b"x" * 10_000)
    assert await code_of(editor) == 1
    assert await (await connect()).initialize()


async def test_what_is_too_long_for_the_hub_is_refused_and_the_session_goes_on(
    hub: Hub, spawn: Spawn
) -> None:
    editor = await spawn()
    await editor.initialize()
    editor.open("app/views.py", "#" * (17 << 20))
    params = {"query": "x" * (17 << 20)}
    assert (await editor.answer("workspace/symbol", params))["error"]["code"] == -32803
    assert await folded_lines(editor, "app/models.py")


async def test_a_request_before_initialize_is_refused(spawn: Spawn) -> None:
    editor = await spawn()
    assert (await editor.answer("workspace/symbol", {"query": ""}))["error"]["code"] == -32002


@pytest.mark.parametrize(
    "params", [None, [], 7, {"workspaceFolders": [7], "rootUri": []}, {"workspaceFolders": {}}]
)
async def test_nonsense_in_initialize_is_the_hubs_to_answer(
    hub: Hub, spawn: Spawn, root: Path, params: Any
) -> None:
    editor = await spawn(cwd=root)
    answer = await editor.answer("initialize", params, checked=False)
    assert ("result" in answer) == (params is None) or answer["error"]["code"] == -32602


async def test_a_large_answer_and_a_large_document_pass_whole(hub: Hub, spawn: Spawn) -> None:
    editor = await spawn()
    await editor.initialize()
    editor.open("app/views.py", "#" * 500_000 + "\n" + BLOCK * 3000)
    await until_folded(editor, "app/views.py", list(range(1, 6000, 2)))


def test_the_proxy_imports_next_to_nothing() -> None:
    program = "import sys, remora_hub.lsp_proxy.command; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in found.stdout.split()}
    assert not loaded & {"asyncio", "click", "msgspec", "pydantic", "rich", "rich_click", "structlog", "apsw"}
