"""A consumer of hints that keeps a picture of the disk from nothing else, as the pipeline will."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remora_hub.discovery.fingerprint import Fingerprint
from remora_hub.discovery.read import fingerprint
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk
from remora_hub.errors import RootError
from remora_hub.watch.hints import Hints, is_below
from remora_hub.watch.watcher import Watcher

NEVER_S = 3_600.0


@dataclass
class Mirror:
    """``files`` must come to equal the disk by hints alone: there is no periodic rescan in these tests."""

    root: Path
    rules: SourceRules
    watcher: Watcher
    files: dict[str, Fingerprint] = field(default_factory=dict)
    hints: list[Hints] = field(default_factory=list)

    def apply(self, hints: Hints) -> None:
        self.hints.append(hints)
        for rescan in hints.rescan:
            try:
                found = walk(self.root, self.rules, rescan.directory).files
            except RootError:
                continue
            self.files = {
                path: seen for path, seen in self.files.items() if not is_below(path, rescan.directory)
            } | found
        for path in hints.paths:
            seen = fingerprint(self.root, path)
            if seen is None:
                self.files.pop(path, None)
            else:
                self.files[path] = seen

    async def run(self) -> None:
        async for hints in self.watcher:
            self.apply(hints)

    async def converges(self, within_s: float = 60.0) -> None:
        def on_disk() -> dict[str, Fingerprint]:
            return walk(self.root, SourceRules(self.root)).files

        await until(lambda: self.files == on_disk(), within_s, lambda: difference(self.files, on_disk()))

    def reasons(self) -> set[str]:
        return {rescan.reason for hints in self.hints for rescan in hints.rescan}


def difference(mirror: dict[str, Fingerprint], disk: dict[str, Fingerprint]) -> str:
    missing, extra = sorted(disk.keys() - mirror.keys()), sorted(mirror.keys() - disk.keys())
    stale = sorted(path for path in disk.keys() & mirror.keys() if disk[path] != mirror[path])
    kinds = {"missing": missing, "extra": extra, "stale": stale}
    return ", ".join(f"{len(paths)} {kind}: {paths[:5]}" for kind, paths in kinds.items())


async def until(
    condition: Callable[[], bool], within_s: float = 60.0, explain: Callable[[], str] = str
) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {explain()}")
        await asyncio.sleep(0.01)


@pytest.fixture
def wait_until() -> Callable[..., Awaitable[None]]:
    return until


@pytest.fixture
def watch_count() -> Callable[[], int]:
    """How many inotify watches this process holds."""

    def count() -> int:
        watches = 0
        for info in Path("/proc/self/fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed, so not the watcher's
                watches += info.read_text().count("inotify wd:")
        return watches

    # What a test before had opened: RustNotify lets go of it in a thread of its own, which nobody can join.
    deadline = time.monotonic() + 60
    while count():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return count


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
async def mirror_of() -> AsyncIterator[Callable[..., Awaitable[Mirror]]]:
    """Start a watcher on a root, and a mirror that follows it."""
    async with AsyncExitStack() as stack:

        async def start(
            root: Path, *, listed: Callable[[], dict[str, int] | None] | None = None, **options: Any
        ) -> Mirror:
            rules = SourceRules(root)
            watcher = Watcher(root, rules, **{"reconcile_interval_s": NEVER_S, **options})
            stack.push_async_callback(watcher.close)
            await watcher.start(listed)
            found = walk(root, rules)
            watcher.ensure(found.directories)
            mirror = Mirror(root, rules, watcher, found.files)
            task = asyncio.create_task(mirror.run())

            async def stop() -> None:
                await watcher.close()
                await task

            stack.push_async_callback(stop)
            return mirror

        yield start
