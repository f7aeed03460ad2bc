"""What one checkout had extracted, another of the same files does not parse."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from remora_hub.config import HubConfig
from remora_hub.daemon.session import Session
from remora_hub.paths import StatePaths

Open = Callable[[Path], Awaitable[Session]]
SOURCES = {f"pkg/m{number}.py": f"class C{number}:\n    def f(self): ...\n" for number in range(50)}


@pytest.fixture
async def open_session() -> AsyncIterator[Open]:
    """A session on a root, run until it is ready; all are closed in the end."""
    async with AsyncExitStack() as stack:

        async def opened(root: Path) -> Session:
            session = await stack.enter_async_context(
                await Session.open(StatePaths(root), HubConfig(), lambda: 1.0)
            )
            running = asyncio.create_task(session.run())
            stack.callback(running.cancel)
            await session.is_ready.wait()
            return session

        yield opened


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    for path, source in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source)
    return root


async def kept(session: Session, count: int) -> None:
    """Wait until the facts of so many files are in the cache."""
    assert session.facts_keeping is not None
    while session.facts_keeping.kept < count:  # noqa: ASYNC110  # nobody else needs an event for it
        await asyncio.sleep(0.05)


async def test_another_checkout_of_the_same_files_starts_no_parser(
    open_session: Open, checkout: Path, tmp_path: Path
) -> None:
    first = await open_session(checkout)
    assert first.lanes.counters.extracted == len(SOURCES)
    await kept(first, len(SOURCES))
    shutil.copytree(checkout, tmp_path / "clone", ignore=shutil.ignore_patterns(".remora"))
    (tmp_path / "clone/pkg/other.py").write_text("def other(): ...\n")
    second = await open_session(tmp_path / "clone")
    assert second.lanes.counters.extracted == 1
    exported = [list(session.store.reader.export_rows()) for session in (first, second)]
    assert [row for row in exported[1] if "other" not in row[0]] == exported[0]


async def test_bytes_that_come_back_are_not_parsed_again(open_session: Open, checkout: Path) -> None:
    session = await open_session(checkout)
    path = checkout / "pkg/m0.py"
    before = path.read_text()
    await kept(session, len(SOURCES))
    path.write_text("def changed(): ...\n")
    assert await session.sync()
    await kept(session, len(SOURCES) + 1)
    extracted = session.lanes.counters.extracted
    path.write_text(before)
    assert await session.sync()
    assert session.lanes.counters.extracted == extracted
    assert [node.qualname for node in session.store.reader.get_by_file("pkg/m0.py")][1:] == ["C0", "C0.f"]
    path.write_text("def changed(): ...\n")
    assert await session.sync()
    assert session.lanes.counters.extracted == extracted
