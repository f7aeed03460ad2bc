"""All threads of a pool from the start.

Python's pools start a thread whenever none happens to be idle, until they are full: for days the process has ever more
threads, and descriptors with them, which nobody can tell from a leak.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

_LONGEST_S = 1.0


async def fill(count: int, run: Callable[[Callable[[], None]], Awaitable[object]]) -> None:
    """Have the ``count`` threads of a pool meet; ``run`` has the pool run a function.

    Each goes on at once when the last one has come. Where some are at work for long, they are there already.
    """
    meeting = threading.Barrier(count)

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(_LONGEST_S)

    await asyncio.gather(*(run(meet) for _ in range(count)))
