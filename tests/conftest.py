"""What tests of several packages share: a store of given sources, how processes end, which tests need git."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import psutil
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


@pytest.fixture(scope="session", autouse=True)
def _no_users_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor to the hubs that many tests share."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache-home")))
        yield


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


@pytest.fixture
def are_gone() -> Callable[[list[psutil.Process], float], bool]:
    """Whether processes end within so many seconds. One that nobody has waited for yet has ended all the same."""

    def have_ended(process: psutil.Process) -> bool:
        try:
            return process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def check(processes: list[psutil.Process], within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while not all(map(have_ended, processes)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)  # what is nobody's child here tells nobody that it ends
        return True

    return check
