"""Tells the log when a problem begins and when it is over: once each, whichever part of the hub has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from remora_hub.daemon.status import Problem
from remora_hub.logs import get_logger

_TICK_S = 1.0

log = get_logger(__name__)


async def log_problems(problems: Callable[[], Sequence[Problem]]) -> None:
    """Compare every second, until cancelled. What passes within that time is counted as an error, and not told."""
    began = ProblemLog()
    while True:
        began.compare(problems())
        await asyncio.sleep(_TICK_S)


class ProblemLog:
    """Knows the parts of the hub that are in trouble, and since when; ``clock`` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def compare(self, found: Sequence[Problem]) -> None:
        """Tell what is new, and what is over. A problem that only changes its words is neither."""
        now = {problem.part: problem for problem in found}
        for part, problem in now.items():
            if part not in self._since:
                self._since[part] = self._clock()
                log.warning("problem.began", part=part, problem=problem.problem, remedy=problem.remedy)
        for part in [part for part in self._since if part not in now]:
            log.info("problem.ended", part=part, seconds=round(self._clock() - self._since.pop(part), 1))
