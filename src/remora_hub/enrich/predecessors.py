"""Items that wait for others: what an item is made from may be the result of earlier ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class Predecessors:
    """Who waits for whom. An item is ready once all that it waits for have ended, well or not."""

    def __init__(self) -> None:
        self._missing: dict[int, int] = {}  # by item: how many it still waits for
        self._followers: defaultdict[int, list[int]] = defaultdict(list)

    def hold(self, index: int, unfinished: Iterable[int]) -> bool:
        """Have ``index`` wait for items that have not ended; False if there is none of them."""
        awaited = set(unfinished)
        for predecessor in awaited:
            self._followers[predecessor].append(index)
        if awaited:
            self._missing[index] = len(awaited)
        return bool(awaited)

    def ended(self, index: int) -> list[int]:
        """``index`` has ended: those that waited for it last, in the order of the input."""
        ready = []
        for follower in self._followers.pop(index, ()):
            self._missing[follower] -= 1
            if not self._missing[follower]:
                del self._missing[follower]
                ready.append(follower)
        return sorted(ready)
