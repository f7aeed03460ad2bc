"""How late this process comes to what it wants to do: a machine that lags sends late what was reserved in time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

from remora_hub.enrich.clock import Clock
from remora_hub.enrich.limiter import Limiter

_INTERVAL_S = 0.5


class LagWatch:
    """An async context manager: sleeps again and again, and tells the limiter by how much it overslept."""

    def __init__(self, clock: Clock, limiter: Limiter) -> None:
        self._clock = clock
        self._limiter = limiter
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _watch(self) -> None:
        never = asyncio.Event()
        while True:
            asleep_s = self._clock.now_s()
            with suppress(TimeoutError):
                async with self._clock.timeout(_INTERVAL_S):
                    await never.wait()
            awake_s = self._clock.now_s()
            self._limiter.lagged(awake_s - asleep_s - _INTERVAL_S, awake_s)
