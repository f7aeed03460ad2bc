"""The one source of time of a run, handed in so that a test can have ten minutes pass in ten seconds."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only ever grow, and ways to wait for them. What shares a limiter's name shares a clock."""

    def now_s(self) -> float:
        """Seconds since some moment in the past."""
        ...

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """An async context manager that ends its block with TimeoutError after ``seconds``; None: never."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now_s(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """``asyncio.timeout``."""
        return asyncio.timeout(seconds)
