"""What the watcher tells its consumer, and how it waits to be fetched: merged and bounded, never dropped."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

MAX_PENDING_PATHS = 10_000
MAX_PENDING_RESCANS = 200


class Rescan(msgspec.Struct, frozen=True):
    """Everything below ``directory`` (relative to the root; ``""`` is the root) must be compared with the disk."""

    directory: str
    reason: str


class Hints(msgspec.Struct, frozen=True):
    """Source files that may have changed, appeared or gone, and directories to be rescanned recursively."""

    paths: frozenset[str]
    rescan: tuple[Rescan, ...]


class PendingHints:
    """Hints nobody has fetched yet. Too many of them become one rescan of everything."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._rescans: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._paths or self._rescans)

    def add_paths(self, paths: Iterable[str]) -> None:
        """Add source files to be looked at."""
        self._paths.update(paths)
        if len(self._paths) > MAX_PENDING_PATHS:
            self._paths.clear()
            self.add_rescan(Rescan("", "too many changes pending"))

    def add_rescan(self, rescan: Rescan) -> None:
        """Add a directory; one that a pending rescan covers already is not added again."""
        if any(is_below(rescan.directory, pending) for pending in self._rescans):
            return
        covered = [pending for pending in self._rescans if is_below(pending, rescan.directory)]
        for pending in covered:
            del self._rescans[pending]
        self._rescans[rescan.directory] = rescan.reason
        if len(self._rescans) > MAX_PENDING_RESCANS:
            self._rescans = {"": "too many directories pending"}

    def take(self) -> Hints:
        """All that is pending; nothing is pending afterwards."""
        hints = Hints(frozenset(self._paths), tuple(Rescan(*pending) for pending in self._rescans.items()))
        self._paths.clear()
        self._rescans.clear()
        return hints


def is_below(path: str, directory: str) -> bool:
    """Whether ``path`` is ``directory`` or lies below it."""
    return directory in ("", path) or path.startswith(directory + "/")
