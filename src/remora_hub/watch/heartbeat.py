"""Noticing that this process stood still: suspended machine, SIGSTOP, a starved event loop."""

from __future__ import annotations

import time


class Heartbeat:
    """Beaten at a steady interval, tells how late a beat comes.

    Two clocks are read: the monotonic one stands still while the machine is suspended, CLOCK_BOOTTIME does not
    (clock_gettime(2)).
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._last = self._clocks()

    def lateness_s(self) -> float:
        """Seconds by which this beat is later than due, by the clock that went further."""
        now = self._clocks()
        elapsed_s = max(here - there for here, there in zip(now, self._last, strict=True))
        self._last = now
        return elapsed_s - self._interval_s

    @staticmethod
    def _clocks() -> tuple[float, float]:
        return time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)
