"""A histogram that is cheap enough to sit on a hot path: one search among a dozen bounds, three additions."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

# Upper bounds in seconds: from an answer out of memory to a lane's time limit and beyond.
DURATIONS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Distribution(msgspec.Struct, frozen=True):
    """What a histogram holds: ``counts`` are of the values up to each of ``bounds`` and above the one before, the last
    one of those above all.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many values."""
        return sum(self.counts)

    def quantile(self, share: float) -> float:
        """A bound that at least ``share`` (0 to 1) of the values do not exceed; infinite if none is so large."""
        wanted = share * self.count
        seen = 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            seen += count
            if seen >= wanted:
                return bound
        return float("inf")


class Histogram:
    """Counts values, of any thread, by ``bounds`` in ascending order."""

    __slots__ = ("_bounds", "_counts", "_lock", "_total")

    def __init__(self, bounds: Sequence[float] = DURATIONS_S) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Count one value."""
        position = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[position] += 1
            self._total += value

    def read(self) -> Distribution:
        """What has been counted so far."""
        with self._lock:
            return Distribution(self._bounds, tuple(self._counts), self._total)
