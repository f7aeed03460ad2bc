"""What is left to do, the most urgent first."""

from __future__ import annotations

import heapq
import threading
from enum import IntEnum
from itertools import count


class Priority(IntEnum):
    """Lower comes first."""

    LOOKED_AT = 0
    CHANGED = 1
    REST = 2


BEGUN = -1  # an item that comes back: before all others, for its batch waits for it


class WorkQueue:
    """Items by priority, within one by their place in the input; some not before a given moment. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: list[tuple[int, int, int]] = []  # priority, item, ticket
        self._later: list[tuple[float, int, int]] = []  # moment, item, ticket
        # What waits: the ticket of its latest entry (any other is out of date), its priority, whether it is put off.
        self._waiting: dict[int, tuple[int, int, bool]] = {}
        self._tickets = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: int, priority: int) -> None:
        """Have ``item`` wait."""
        with self._lock:
            self._put(item, priority)

    def put_later(self, item: int, priority: int, moment_s: float) -> None:
        """Have ``item`` wait, and not be taken before ``moment_s``."""
        with self._lock:
            ticket = next(self._tickets)
            self._waiting[item] = ticket, priority, True
            heapq.heappush(self._later, (moment_s, item, ticket))

    def promote(self, item: int, priority: int) -> bool:
        """Give a waiting item another priority; False if it waits no more, or was begun and comes first anyway."""
        with self._lock:
            _, present, is_put_off = self._waiting.get(item, (0, BEGUN, True))
            is_fresh = present != BEGUN and not is_put_off
            if is_fresh:
                self._put(item, priority)
            return is_fresh

    def take(self, now_s: float) -> tuple[int, int] | None:
        """The item to do next, and its priority; None if there is none at this moment."""
        with self._lock:
            while self._later and self._later[0][0] <= now_s:
                _, item, ticket = heapq.heappop(self._later)
                _, priority, _ = self._waiting[item]
                self._waiting[item] = ticket, priority, False
                heapq.heappush(self._ready, (priority, item, ticket))
            while self._ready:
                priority, item, ticket = heapq.heappop(self._ready)
                if item in self._waiting and self._waiting[item][0] == ticket:
                    del self._waiting[item]
                    return item, priority
            return None

    def next_s(self) -> float | None:
        """When the first of the items that were put off may be taken; None if there is none."""
        with self._lock:
            return self._later[0][0] if self._later else None

    def clear(self) -> list[int]:
        """Take everything, in the order of the input."""
        with self._lock:
            items = sorted(self._waiting)
            self._ready.clear()
            self._later.clear()
            self._waiting.clear()
            return items

    def _put(self, item: int, priority: int) -> None:
        ticket = next(self._tickets)
        self._waiting[item] = ticket, priority, False
        heapq.heappush(self._ready, (priority, item, ticket))
