"""Decides when the next call may be sent and what goes into it; there is one of it in a run, so nobody else waits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Generic, TypeVar

from remora_hub.enrich.calls import Call, Calls, Gates
from remora_hub.enrich.failures import Category, Failure
from remora_hub.enrich.grouping import items_per_call
from remora_hub.enrich.job import Job
from remora_hub.enrich.limiter import LOOK_AGAIN_S
from remora_hub.enrich.outcomes import Outcomes
from remora_hub.enrich.recorder import Recorder
from remora_hub.enrich.tally import Tally
from remora_hub.enrich.work_queue import BEGUN, WorkQueue

Item = TypeVar("Item")
Result = TypeVar("Result")

_GIVEN_UP = Failure(Category.PROVIDER, "the provider does not work, its circuit breaker is open", False)


class Dispatcher(Generic[Item, Result]):
    """``wake`` is set whenever something has happened that may let the next call through."""

    def __init__(
        self,
        job: Job[Item, Result],
        gates: Gates,
        queue: WorkQueue,
        calls: Calls[Item, Result],
        outcomes: Outcomes[Item, Result],
        recorder: Recorder[Item, Result] | None,
        tally: Tally,
        wake: asyncio.Event,
    ) -> None:
        self._job = job
        self._gates = gates
        self._queue = queue
        self._calls = calls
        self._outcomes = outcomes
        self._recorder = recorder
        self._tally = tally
        self._wake = wake

    async def run(self) -> None:
        """Return when all is finished, the run is cancelled, or nothing can be stored any more.

        Raises what went wrong in here.
        """
        while self._outcomes.unfinished and not self._job.control.is_cancelled:
            if self._calls.error is not None:
                raise self._calls.error
            if self._recorder is not None and self._recorder.error is not None:
                return
            wait_s = self._begin_next(self._job.clock.now_s())
            if wait_s != 0:
                await self._sleep(wait_s)

    async def _sleep(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with self._job.clock.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    def _begin_next(self, now_s: float) -> float | None:
        """Begin a call, and 0; else the seconds after which to look again, None: when something has happened."""
        if self._job.control.is_paused:
            return self._wait_for("pause", None)
        ramp = self._gates.ramp
        ramp.consider(self._tally.running, now_s)
        self._tally.concurrency = ramp.limit
        if self._tally.running >= ramp.limit:
            return self._wait_until(ramp.next_look_s, now_s)
        if not self._queue:
            return self._wait_for("", None)
        blocked_s = self._gates.breaker.wait_s(now_s)
        if blocked_s:
            return self._wait_for_provider(blocked_s)
        group = self._take_group(now_s)
        if not group:
            return self._wait_until(self._queue.next_s(), now_s)
        return self._send(group, now_s)

    def _wait_for_provider(self, seconds: float) -> float:
        if self._gates.breaker.trips_in_a_row < self._job.options.max_trips:
            self._tally.breaker_waits += self._tally.waits_for != "provider"
            self._wait_for("provider", seconds)
            return seconds
        while self._queue:  # what ends lets those in that waited for it
            for index in self._queue.clear():
                self._outcomes.failed(index, _GIVEN_UP, 0)
        return LOOK_AGAIN_S if self._outcomes.unfinished else 0.0

    def _take_group(self, now_s: float) -> list[tuple[int, int]]:
        """What goes into the next call: items with their priorities; none if none may be begun now."""
        first = self._queue.take(now_s)
        if first is None:
            return []
        room = self._job.options.max_items_per_call if self._job.process_group is not None else 1
        if self._recorder is not None:
            room = min(room, self._recorder.room)
        if room < 1 and first[1] != BEGUN:  # what was begun has its room, and others may wait for it
            self._queue.put(*first)
            return []
        group = [first]
        is_alone = first[0] in self._calls.alone or self._gates.ramp.is_one_at_a_time
        if room <= 1 or is_alone:
            return group
        size = items_per_call(
            most=room,
            waiting=len(self._queue) + 1,
            free_workers=self._gates.ramp.limit - self._tally.running,
            tokens_per_item=self._estimate(first[0]),
            left=self._gates.limiter.left(now_s),
        )
        while len(group) < size:
            following = self._queue.take(now_s)
            if following is None:
                break
            if following[0] in self._calls.alone:
                self._queue.put(*following)
                break
            group.append(following)
        return group

    def _send(self, group: list[tuple[int, int]], now_s: float) -> float | None:
        tokens = sum(self._estimate(index) for index, _ in group)
        reservation = self._gates.limiter.reserve(tokens, now_s, self)
        if isinstance(reservation, float):
            self._put_back(group)
            self._tally.limited(now_s)
            return self._wait_for("limits", min(reservation, LOOK_AGAIN_S))
        self._tally.not_limited(now_s)
        era = self._gates.breaker.begin(now_s)
        if era is None:  # another run has taken the one call that may be tried
            self._gates.limiter.give_back(reservation, now_s)
            self._put_back(group)
            return LOOK_AGAIN_S
        if not all(self._job.admit(self._job.items[index]) for index, _ in group):
            self._gates.limiter.give_back(reservation, now_s)
            self._gates.breaker.abandoned(era)
            self._put_back(group)
            return self._wait_for("budget", None)
        if self._recorder is not None:
            for index, _ in group:
                self._recorder.begin(index)
        self._tally.waits_for = ""
        self._calls.begin(Call([index for index, _ in group], reservation, era))
        return 0.0

    def _put_back(self, group: list[tuple[int, int]]) -> None:
        for index, priority in group:
            self._queue.put(index, priority)

    def _estimate(self, index: int) -> int:
        return self._job.estimate_tokens(self._job.items[index])

    def _wait_until(self, moment_s: float | None, now_s: float) -> float | None:
        """A moment that has passed is none to wait for: only an event can change anything then."""
        return self._wait_for("", None if moment_s is None or moment_s <= now_s else moment_s - now_s)

    def _wait_for(self, what: str, seconds: float | None) -> float | None:
        self._tally.waits_for = what
        return seconds
