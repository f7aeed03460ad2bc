"""How many are inside, and waiting until nobody is."""

from __future__ import annotations

import asyncio
import contextlib
import time


class Occupancy:
    """A context manager that any number of tasks may be in at a time. Lives on one event loop."""

    def __init__(self) -> None:
        self._inside = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._left_s = time.monotonic()

    def __enter__(self) -> None:
        self._inside += 1
        self._is_empty.clear()

    def __exit__(self, *_exception: object) -> None:
        self._inside -= 1
        if not self._inside:
            self._is_empty.set()
            self._left_s = time.monotonic()

    @property
    def empty_s(self) -> float:
        """For how long nobody has been inside, in seconds."""
        return 0.0 if self._inside else time.monotonic() - self._left_s

    async def wait_until_empty(self, longest_s: float) -> None:
        """Return once nobody is inside, or ``longest_s`` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._is_empty.wait()
