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
        self._told: set[tuple[str, str]] = set()

    def compare(self, found: Sequence[Problem]) -> None:
        """Tell what is new, and which part is well again. A problem that only changes its words is not new; one that
        wants something else done is.
        """
        for problem in found:
            self._since.setdefault(problem.part, self._clock())
            if (problem.part, problem.remedy) not in self._told:
                self._told.add((problem.part, problem.remedy))
                log.warning(
                    "problem.began", part=problem.part, problem=problem.problem, remedy=problem.remedy
                )
        in_trouble = {problem.part for problem in found}
        for part in [part for part in self._since if part not in in_trouble]:
            log.info("problem.ended", part=part, seconds=round(self._clock() - self._since.pop(part), 1))
            self._told = {(other, remedy) for other, remedy in self._told if other != part}
