"""The handle on a run that is under way, for other threads and tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable

from remora_hub.enrich.work_queue import Priority, WorkQueue


class RunControl:
    """Pause, go on, cancel, and bring items forward. Made before the run and handed to it; good for one run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_paused = self._is_cancelled = False
        self._wake: Callable[[], object] | None = None
        self._queue: WorkQueue | None = None

    @property
    def is_paused(self) -> bool:
        """Whether no new call is begun; those in flight go on."""
        return self._is_paused

    @property
    def is_cancelled(self) -> bool:
        """Whether the run ends as soon as it can."""
        return self._is_cancelled

    def pause(self) -> None:
        """Begin no new call until ``resume``."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on."""
        self._is_paused = False
        self._changed()

    def cancel(self) -> None:
        """Give up what is not done: calls in flight are cancelled, what is done is stored, the run returns."""
        self._is_cancelled = True
        self._changed()

    def promote(self, index: int, priority: Priority) -> bool:
        """Give the item at ``index`` of the input another priority; False if it does not wait (any more)."""
        with self._lock:
            return self._queue is not None and self._queue.promote(index, priority)

    def attach(self, queue: WorkQueue, wake: Callable[[], object]) -> None:
        """Of the run: where to find what waits; ``wake`` may be called from any thread until ``detach``."""
        with self._lock:
            self._queue, self._wake = queue, wake

    def detach(self) -> None:
        """Of the run: it is over."""
        with self._lock:
            self._queue = self._wake = None

    def _changed(self) -> None:
        with self._lock:
            if self._wake is not None:
                self._wake()
