"""The table of symbols goes from one session to the next, and what changes between them changes the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from remora_hub.config import HubConfig
from remora_hub.daemon import session as session_module
from remora_hub.daemon.session import Session
from remora_hub.daemon.standalone import StandaloneBackend
from remora_hub.errors import RootError
from remora_hub.paths import StatePaths
from remora_hub.query.symbol_rows import as_symbol

FILES = 60


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(FILES):
        (root / f"m{number}.py").write_text(f"class C{number}:\n    def f(self): ...\n")
    return StatePaths(root)


@asynccontextmanager
async def running(paths: StatePaths) -> AsyncIterator[Session]:
    """A session that is level with the disk."""
    async with await Session.open(paths, HubConfig(), lambda: 0.0) as session:
        running = asyncio.create_task(session.run())
        await session.is_ready.wait()
        await session.sync()
        yield session
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def places(session: Session | StandaloneBackend, query: str) -> list[str]:
    found = await session.search_symbols(query, None, 100, show=as_symbol())
    return [symbol.path for symbol in found if symbol.name == query]


async def test_what_changed_while_no_hub_ran_is_found_and_what_went_is_not(paths: StatePaths) -> None:
    async with running(paths) as session:
        assert await places(session, "C7") == ["m7.py"]
    assert paths.symbol_cache.exists()
    (paths.root / "m7.py").write_text("class Changed: ...\n")
    (paths.root / "m8.py").unlink()
    (paths.root / "new.py").write_text("class New: ...\n")
    async with running(paths) as session:
        assert await places(session, "C7") == await places(session, "C8") == []
        assert await places(session, "Changed") == ["m7.py"]
        assert await places(session, "New") == ["new.py"]
        assert len(await places(session, "f")) == FILES - 2
    async with running(paths) as session:
        assert await places(session, "New") == ["new.py"]
        assert await places(session, "C8") == []


async def test_an_editor_that_waits_searches_before_all_is_compared_and_nobody_else_is_waited_for(
    paths: StatePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(paths):
        pass
    monkeypatch.setattr(session_module, "_PATIENCE_S", 3600)
    for has_editors in (False, True):
        opening = Session.open(paths, HubConfig(), lambda: 0.0, has_editors=lambda has=has_editors: has)
        async with await opening as session:
            task = asyncio.create_task(session.run())
            if has_editors:
                assert await places(session, "C7") == ["m7.py"]
            await asyncio.wait_for(session.is_ready.wait(), 60)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_it_is_written_when_something_changed_and_left_alone_when_nothing_did(
    paths: StatePaths,
) -> None:
    async with running(paths) as session:
        await places(session, "f")
    first = paths.symbol_cache.stat().st_ino, paths.symbol_cache.stat().st_mtime_ns
    async with running(paths) as session:
        assert len(await places(session, "f")) == FILES
    assert (paths.symbol_cache.stat().st_ino, paths.symbol_cache.stat().st_mtime_ns) == first
    async with running(paths) as session:
        await places(session, "f")
        (paths.root / "m7.py").write_text("class Changed: ...\n")
        await session.look_at(["m7.py"])
        await session.sync()
        assert await places(session, "Changed") == ["m7.py"]
    assert (paths.symbol_cache.stat().st_ino, paths.symbol_cache.stat().st_mtime_ns) != first


async def test_a_session_that_fails_leaves_what_was_kept(paths: StatePaths) -> None:
    async with running(paths) as session:
        await places(session, "f")
    first = paths.symbol_cache.stat().st_mtime_ns
    (paths.root / "m7.py").write_text("class Changed: ...\n")

    async def fail() -> None:
        async with running(paths) as session:
            assert await places(session, "Changed") == ["m7.py"]
            raise RootError("use", "it", "it is gone")

    with pytest.raises(RootError):
        await fail()
    assert paths.symbol_cache.stat().st_mtime_ns == first


async def test_where_it_cannot_be_kept_searches_go_on(paths: StatePaths) -> None:
    paths.prepare()
    paths.symbol_cache.mkdir()
    for _ in range(2):
        async with running(paths) as session:
            assert await places(session, "C7") == ["m7.py"]
    assert paths.symbol_cache.is_dir()


async def test_who_answers_without_a_daemon_begins_with_it(
    paths: StatePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(paths) as session:
        await places(session, "f")
    async with await Session.open(paths, HubConfig(), lambda: 0.0) as session:
        monkeypatch.delattr("remora_hub.query.symbols.names_of")  # without which none is made from the rows
        alone = StandaloneBackend(session.store, paths, HubConfig().enrich.embed)
        assert await places(alone, "C7") == ["m7.py"]
