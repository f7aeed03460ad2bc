"""When nobody has used the hub for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.5


async def wait_until_idle(is_busy: Callable[[], object], limit_s: Callable[[], float]) -> None:
    """Return once there was nothing to do for ``limit_s()`` seconds; it may change meanwhile, and 0 is for ever."""
    last_busy = time.monotonic()
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        limit = limit_s()
        if not limit or is_busy():
            last_busy = time.monotonic()
        elif time.monotonic() - last_busy >= limit:
            return
