"""Names by their spelling come in two parts, by processes of their own that nobody is left with."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from remora_hub.config.model import DiscoveryConfig
from remora_hub.pipeline import spelling_main
from remora_hub.pipeline.spelled_files import SpelledFile
from remora_hub.pipeline.spelling import spell
from remora_hub.pipeline.spelling_process import SpellingProcess

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)

PATHS = [f"p{number % 10}/m{number}.py" for number in range(600)]
DISCOVERY = DiscoveryConfig(exclude=("left_out.py",), max_file_bytes=10_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, path in enumerate(PATHS):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"class C{number}:\n    def f(self): ...\n")
    for other in ("left_out.py", "notes.txt"):
        (tmp_path / other).write_text("class C59: ...\n")
    (tmp_path / "large.py").write_bytes(b"class C59: ...\n" + b"#" * DISCOVERY.max_file_bytes)
    return tmp_path


def readers_of(root: Path) -> list[psutil.Process]:
    """The processes that read names there; other tests in this process may have left children that end."""
    return [one for one in psutil.Process().children(recursive=True) if str(root) in one.cmdline()]


def ignored(pid: int) -> int:
    """The signals that a process ignores, a bit each (proc(5), ``status``)."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("SigIgn:\t")[2].split()[0], 16)


async def read(root: Path, wanted: str, processes: int = 2) -> list[list[SpelledFile]]:
    return [files async for files in spell(SpellingProcess(root, DISCOVERY, processes), wanted)]


@pytest.mark.parametrize("processes", [1, 2, 3])
async def test_what_seems_to_define_a_name_comes_before_all(root: Path, processes: int) -> None:
    wanted, everything = await read(root, "c59", processes)
    assert [file.path for file in wanted] == sorted(
        path for number, path in enumerate(PATHS) if str(number).startswith("59")
    )
    assert {file.suffixes for file in wanted} >= {"<module>\nC599\nC599.f", "<module>\nC59\nC59.f"}
    assert [file.path for file in everything] == sorted(PATHS)
    assert set(wanted) < set(everything)


async def test_a_module_of_that_name_is_wanted_too(root: Path) -> None:
    wanted, _ = await read(root, "M59")
    assert [file.path for file in wanted] == sorted(path for path in PATHS if "/m59" in path)


@pytest.mark.parametrize("wanted", ["", "größe", "C" * 100_000])
async def test_where_nothing_can_be_looked_for_all_come_at_once(root: Path, wanted: str) -> None:
    [everything] = await read(root, wanted)
    assert len(everything) == len(PATHS)


async def test_no_process_is_left_when_nobody_wants_the_rest(root: Path) -> None:
    async with aclosing(spell(SpellingProcess(root, DISCOVERY, 2), "C1")) as spelling:
        await anext(spelling)
        readers = readers_of(root)
        assert len(readers) == 2
    _, left = await asyncio.to_thread(psutil.wait_procs, readers, 60)
    assert left == []


async def test_one_that_nobody_asks_ends_when_it_is_closed(root: Path) -> None:
    process = SpellingProcess(root, DISCOVERY, 2)
    [reader] = readers_of(root)
    process.close()
    process.close()
    _, left = await asyncio.to_thread(psutil.wait_procs, [reader], 60)
    assert left == []


async def test_a_root_that_is_gone_has_no_names(tmp_path: Path) -> None:
    [nothing] = await read(tmp_path / "gone", "C1")
    assert nothing == []


@pytest.fixture
def reaper() -> Iterator[None]:
    """Have this process become the parent of orphans below it, as the first process of a container is."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    yield
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0)


@pytest.mark.usefixtures("reaper")
@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_no_process_is_left_to_be_waited_for(root: Path, is_cancelled: bool) -> None:
    async with aclosing(spell(SpellingProcess(root, DISCOVERY, 4), "C1")) as spelling:
        await anext(spelling)
        readers = readers_of(root)
        assert len(readers) == 4
        if not is_cancelled:
            await anext(spelling)
    _, left = await asyncio.to_thread(psutil.wait_procs, readers, 60)
    assert left == []
    assert psutil.Process().children() == []


async def test_an_interrupt_of_the_hub_s_terminal_is_not_theirs(root: Path) -> None:
    process = SpellingProcess(root, DISCOVERY, 2)
    [reader] = readers_of(root)
    while not ignored(reader.pid) & 1 << signal.SIGINT - 1:  # noqa: ASYNC110 - the interpreter starts
        await asyncio.sleep(0.01)
    reader.send_signal(signal.SIGINT)
    everything = [files async for files in spell(process, "")][-1]
    assert len(everything) == len(PATHS)


def test_files_are_shared_out_through_the_smallest_of_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    make = os.pipe

    def small() -> tuple[int, int]:
        taken, put = make()
        fcntl.fcntl(put, fcntl.F_SETPIPE_SZ, 4096)
        return taken, put

    monkeypatch.setattr(os, "pipe", small)
    paths = [str(number) for number in range(1_000_000)]
    assert list(spelling_main._shared_out(paths)) == paths
