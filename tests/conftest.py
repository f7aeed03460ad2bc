"""What tests of several packages share: a store of given sources, and the marker of tests that need git."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from remora_hub.extract.extract import Extractor
from remora_hub.store import FileReplaced, NodeStateStore

Save = Callable[..., Awaitable[int]]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """The hub works without git; the tests that make repositories do not."""
    if shutil.which("git") is None:
        for item in items:
            if item.get_closest_marker("git"):
                item.add_marker(pytest.mark.skip(reason="git is not on PATH"))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test had extracted is not known to another, nor to whoever runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-home"))


def replacement(path: str, source: str) -> FileReplaced:
    packed = Extractor().extract(path, source.encode())
    return FileReplaced(
        path=path, size=len(source), changed_ns=1, inode=1, digest=source, scanned_ns=2, packed=packed
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[NodeStateStore]:
    async with await NodeStateStore.open(tmp_path / "hub.db", extractor_version=1) as opened:
        yield opened


@pytest.fixture
def save(store: NodeStateStore) -> Save:
    """Save files given as ``{path: source}``; the sequence number of the commit."""

    async def save(sources: dict[str, str]) -> int:
        commit = await store.apply([replacement(path, source) for path, source in sources.items()])
        return commit.seq

    return save
