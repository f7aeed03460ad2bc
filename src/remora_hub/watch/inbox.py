"""Where the watching threads leave raw events for the event loop: merged by path, and bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import msgspec

_MODIFIED = 2  # ``watchfiles.Change.modified``: its import can wait until something is watched
MAX_WAITING_PATHS = 20_000


class RawEvents(msgspec.Struct, frozen=True):
    """Absolute paths; the value tells whether one was reported created or deleted (or only modified).

    ``lost``: there were too many, and these are not all.
    """

    replaced: dict[str, bool]
    lost: bool


class Inbox:
    """Thread-safe. An event loop that is held up must not make this grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replaced: dict[str, bool] = {}
        self._lost = False

    def put(self, changes: Iterable[tuple[int, str]]) -> bool:
        """Add a batch; whether the inbox was empty, so that its reader must be woken."""
        with self._lock:
            was_empty = not (self._replaced or self._lost)
            for kind, path in changes:
                self._replaced[path] = self._replaced.get(path, False) or kind != _MODIFIED
            if len(self._replaced) > MAX_WAITING_PATHS:
                self._replaced.clear()
                self._lost = True
            return was_empty

    def take(self) -> RawEvents:
        """All events put since the last call."""
        with self._lock:
            events = RawEvents(self._replaced, self._lost)
            self._replaced, self._lost = {}, False
            return events
