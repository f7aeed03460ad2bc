"""While the first index is made, a search finds names by their spelling, and exact ones take their places."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from remora_hub.answers import Symbol
from remora_hub.config import HubConfig
from remora_hub.config.model import DiscoveryConfig
from remora_hub.daemon import first_names
from remora_hub.daemon.first_names import FirstNames
from remora_hub.daemon.session import Session
from remora_hub.paths import StatePaths
from remora_hub.pipeline.spelled_files import SpelledFile
from remora_hub.pipeline.spelling import spell
from remora_hub.pipeline.spelling_process import SpellingProcess
from remora_hub.query.symbol_rows import as_symbol
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.store import NodeStateStore
from remora_hub.store.changes import Commit
from remora_hub.watch.notifier import EventSource, open_inotify

Save = Callable[[dict[str, str]], Awaitable[int]]
PATHS = [f"p{number % 10}/m{number}.py" for number in range(600)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for number, path in enumerate(PATHS):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"class C{number}:\n    def f(self): ...\n")
    (root / "text.py").write_text('"""\nclass InText:\n"""\n')
    (root / "link.py").symlink_to("text.py")
    return root


@pytest.fixture
async def search(store: NodeStateStore) -> AsyncIterator[SymbolSearch]:
    made = SymbolSearch(store)
    yield made
    await made.close()


@pytest.fixture
def names(root: Path, search: SymbolSearch) -> Iterator[FirstNames]:
    made = FirstNames(search, lambda: SpellingProcess(root, DiscoveryConfig(max_file_bytes=10_000), 2))
    yield made
    made.close()


async def found(search: SymbolSearch, query: str) -> list[Symbol]:
    return [symbol for symbol in await search.search(query, show=as_symbol()) if symbol.name == query]


async def test_spelled_names_are_offered_until_their_file_is_indexed(
    names: FirstNames, search: SymbolSearch, save: Save
) -> None:
    await save({"p0/m0.py": "class Exact: ...\n"})
    await asyncio.gather(names.offered(), names.offered())
    [spelled] = await found(search, "C599")
    assert spelled == Symbol(
        "C599", "class", "C599", "p9/m599.py", 1, 6, "node:p9/m599.py:C599", provisional=True
    )
    assert [symbol.path for symbol in await found(search, "InText")] == ["text.py"]  # and no link to it
    assert await found(search, "C0") == []  # of that file more is known
    await save({"p9/m599.py": "class C599:\n    def f(self): ...\n"})
    assert await found(search, "C599") == [msgspec.structs.replace(spelled, provisional=False)]
    await names.over()
    assert await found(search, "InText") == await found(search, "C598") == []
    assert len(await found(search, "C599")) == len(await found(search, "Exact")) == 1
    await names.offered()


async def test_what_was_started_before_is_used(root: Path, search: SymbolSearch) -> None:
    def start() -> SpellingProcess:
        raise AssertionError("nobody needs another one")

    names = FirstNames(search, start, SpellingProcess(root, DiscoveryConfig(), 2))
    await names.offered()
    assert [symbol.provisional for symbol in await found(search, "C599")] == [True]


async def test_what_was_started_before_ends_where_nobody_asks(root: Path, search: SymbolSearch) -> None:
    started = SpellingProcess(root, DiscoveryConfig(), 2)
    [reader] = [one for one in psutil.Process().children() if str(root) in one.cmdline()]
    await FirstNames(search, lambda: started, started).over()
    _, left = await asyncio.to_thread(psutil.wait_procs, [reader], 60)
    assert left == []


async def test_without_a_process_to_be_had_nobody_waits(search: SymbolSearch) -> None:
    def start() -> SpellingProcess:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    names = FirstNames(search, start)
    assert not await names.glimpsed("C1")
    await names.offered()


async def test_the_first_to_ask_need_not_wait_for_all_names(
    names: FirstNames, search: SymbolSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = asyncio.Event()

    async def in_two_parts(*arguments: Any) -> AsyncGenerator[list[SpelledFile]]:
        async for files in spell(*arguments):
            yield files
            await may_go_on.wait()

    monkeypatch.setattr(first_names, "spell", in_two_parts)
    assert await names.glimpsed("c599")
    assert [symbol.provisional for symbol in await found(search, "C599")] == [True]
    assert await names.glimpsed("other.C5991")  # it holds what was looked for
    assert not await names.glimpsed("InText")
    assert await found(search, "InText") == []
    may_go_on.set()
    await names.offered()
    assert await found(search, "InText")
    assert not await names.glimpsed("C599")


async def test_what_else_is_to_be_done_waits_while_names_are_read(names: FirstNames) -> None:
    asked = asyncio.create_task(names.offered())
    await asyncio.sleep(0)
    assert not names.rests.is_set()
    await asked
    assert names.rests.is_set()


async def test_nobody_waits_for_names_where_nothing_is_left_to_be_indexed(names: FirstNames) -> None:
    await names.over()
    await names.offered()


async def test_nobody_waits_for_names_that_are_no_longer_read(names: FirstNames) -> None:
    waiting = asyncio.create_task(names.offered())
    await asyncio.sleep(0)
    names.close()
    await waiting
    await names.rests.wait()


async def test_a_root_that_cannot_be_walked_keeps_nobody_waiting(
    names: FirstNames, search: SymbolSearch, root: Path, save: Save
) -> None:
    await save({"p0/m0.py": "class Exact: ...\n"})
    await asyncio.to_thread(root.rename, root.with_name("elsewhere"))
    await names.offered()
    assert len(await found(search, "Exact")) == 1


async def test_the_first_search_of_a_session_finds_what_is_not_indexed_yet(root: Path) -> None:
    async with await Session.open(StatePaths(root), HubConfig(), lambda: 0.0) as session:
        running = asyncio.create_task(session.run())
        assert [
            symbol.name for symbol in await session.search_symbols("C599", None, 1, show=as_symbol())
        ] == ["C599"]
        await session.is_ready.wait()
        assert await session.search_symbols("InText", None, 1, show=as_symbol()) == []
        [exact] = await session.search_symbols("C599", None, 1, show=as_symbol())
        assert not exact.provisional
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_first_search_that_nothing_holds_as_it_is_asked_has_all_names(root: Path) -> None:
    async with await Session.open(StatePaths(root), HubConfig(), lambda: 0.0) as session:
        running = asyncio.create_task(session.run())
        found = await session.search_symbols("itext", None, 1, show=as_symbol())
        assert [symbol.name for symbol in found] == ["InText"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_files_that_somebody_looks_at_are_indexed_first(root: Path) -> None:
    last = "p0/m0.py"  # the smallest, so the last in order
    paths = StatePaths(root)
    async with await Session.open(paths, HubConfig(), lambda: 0.0, lambda: frozenset({last})) as session:
        commits: list[Commit] = []
        session.store.add_listener(commits.append)
        running = asyncio.create_task(session.run())
        await session.is_ready.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    first = next(commit for commit in commits if "p1/m1.py" in commit.files or last in commit.files)
    assert last in first.files
    assert "p1/m1.py" not in first.files


async def test_a_directory_that_comes_while_the_session_arms_its_watches_is_watched(root: Path) -> None:
    def meanwhile(directories: Sequence[str]) -> EventSource:
        (root / "late").mkdir(exist_ok=True)
        return open_inotify(directories)

    async with await Session.open(StatePaths(root), HubConfig(), lambda: 0.0) as session:
        session.watcher._open_source = meanwhile  # no other place lets anybody come between
        running = asyncio.create_task(session.run())
        await session.is_ready.wait()
        directories = {Path(path).parent for path in PATHS}
        expected = len(directories) + 2  # the root, and the late one
        while session.watcher.directories < expected:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
