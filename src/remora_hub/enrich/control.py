"""The handle on a run that is under way, for other threads and tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from remora_hub.enrich.urgency import Urgency
    from remora_hub.enrich.work_queue import Priority


class _Attached(NamedTuple):
    """What a run has that other threads may reach by way of its loop."""

    loop: asyncio.AbstractEventLoop
    wake: Callable[[], object]
    urgency: Urgency[Any, Any]


class RunControl:
    """Pause, go on, cancel, and bring items forward. Made before the run and handed to it; good for one run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_paused = self._is_cancelled = False
        self._looked_at: Collection[str] = ()
        self._run: _Attached | None = None

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
        self._tell(lambda run: run.wake())

    def cancel(self) -> None:
        """Give up what is not done: calls in flight are cancelled, what is done is stored, the run returns."""
        self._is_cancelled = True
        self._tell(lambda run: run.wake())

    def promote(self, index: int, priority: Priority) -> None:
        """Have the item at ``index`` of the input be at least so urgent, and what it waits for."""
        self._tell(lambda run: run.urgency.raise_to(priority, [index]))

    def look_at(self, topics: Collection[str]) -> None:
        """Bring the items of these topics forward, and what they wait for: soon, or when the run begins."""
        self._looked_at = topics
        self._tell(lambda run: run.urgency.look_at(topics))

    def attach(self, urgency: Urgency[Any, Any], wake: Callable[[], object]) -> None:
        """Of the run, in its event loop: what is to be told of it until ``detach``."""
        with self._lock:
            self._run = _Attached(asyncio.get_running_loop(), wake, urgency)
            urgency.look_at(self._looked_at)

    def detach(self) -> None:
        """Of the run: it is over."""
        with self._lock:
            self._run = None

    def _tell(self, message: Callable[[_Attached], object]) -> None:
        """In the run's own thread: nothing there is seen half done."""
        with self._lock:
            if self._run is not None:
                self._run.loop.call_soon_threadsafe(message, self._run)
