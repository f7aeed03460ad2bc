"""Calls in flight, and what follows from how each of them ends."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.breaker import Breaker
from remora_hub.enrich.caller import Caller
from remora_hub.enrich.classify import classify
from remora_hub.enrich.failures import Category, Failure
from remora_hub.enrich.job import Job
from remora_hub.enrich.limiter import Limiter
from remora_hub.enrich.outcomes import Outcomes
from remora_hub.enrich.ramp import Ramp
from remora_hub.enrich.reservation import Reservation
from remora_hub.enrich.tally import Tally
from remora_hub.enrich.work_queue import BEGUN, WorkQueue

Item = TypeVar("Item")
Result = TypeVar("Result")

_ABORTED = Failure(Category.CANCELLED, "the call was cancelled from within", False)


@dataclass(frozen=True, slots=True)
class Call:
    """Items that are sent together, under one reservation, in one era of the breaker."""

    items: Sequence[int]
    reservation: Reservation
    era: int


@dataclass(frozen=True, slots=True)
class Gates:
    """What decides when a call may be sent, and hears how it ends."""

    limiter: Limiter
    breaker: Breaker
    ramp: Ramp


class Calls(Generic[Item, Result]):
    """Begins calls and settles them. ``wake`` is called when one is over; ``alone``: items to be sent by themselves."""

    def __init__(
        self,
        job: Job[Item, Result],
        caller: Caller[Item, Result],
        gates: Gates,
        queue: WorkQueue,
        outcomes: Outcomes[Item, Result],
        tally: Tally,
        wake: Callable[[], None],
    ) -> None:
        self.alone: set[int] = set()
        self.error: BaseException | None = None
        self._job = job
        self._caller = caller
        self._gates = gates
        self._queue = queue
        self._outcomes = outcomes
        self._tally = tally
        self._wake = wake
        self._attempts: Counter[tuple[int, bool]] = Counter()
        self._chance = random.Random()  # noqa: S311  # jitter, no secret
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False

    def begin(self, call: Call) -> None:
        """Send it."""
        self._tally.call_began()
        task = asyncio.create_task(self._make(call))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Cancel what is in flight, and wait until it is gone."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._caller.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.error = task.exception()  # a fault in here: without this the run would wait for ever
        self._wake()

    async def _make(self, call: Call) -> None:
        try:
            answer = await self._caller.call([self._job.items[index] for index in call.items])
        except asyncio.CancelledError:
            self._failed(call, _ABORTED)
            if self._is_closing:
                raise
        except Exception as error:  # noqa: BLE001  # whatever a call raises is the outcome of its items
            self._failed(call, classify(error))
        else:
            self._answered(call, answer)

    def _answered(self, call: Call, answer: Answer[Sequence[Result | Exception]]) -> None:
        now_s = self._job.clock.now_s()
        sent_s = call.reservation.sent_s
        tokens = call.reservation.estimated if answer.tokens is None else answer.tokens
        self._tally.call_ended(now_s - sent_s, tokens)
        self._gates.limiter.settle(call.reservation, answer.tokens, now_s)
        self._gates.breaker.succeeded(call.era)
        self._gates.ramp.succeeded(sent_s, now_s)
        seconds = (now_s - sent_s) / len(call.items)
        for index, result in zip(call.items, answer.value, strict=True):
            if isinstance(result, Exception):
                self._retry_or_fail(index, classify(result), now_s)
            else:
                self._outcomes.done(index, result, seconds=seconds)

    def _failed(self, call: Call, failure: Failure) -> None:
        now_s = self._job.clock.now_s()
        self._tally.call_ended(now_s - call.reservation.sent_s, 0)
        self._gates.limiter.settle(call.reservation, None, now_s)
        self._judge_provider(call, failure, now_s)
        if self._is_closing:
            return
        is_refusal = failure.category is Category.RATE_LIMIT
        if len(call.items) > 1 and not is_refusal:
            self.alone.update(call.items)  # one bad item costs no other
            if not failure.is_providers_fault:
                for index in call.items:
                    self._queue.put(index, BEGUN)
                return
        for index in call.items:
            self._retry_or_fail(index, failure, now_s)

    def _judge_provider(self, call: Call, failure: Failure, now_s: float) -> None:
        limiter, breaker, ramp = self._gates.limiter, self._gates.breaker, self._gates.ramp
        sent_s = call.reservation.sent_s
        if failure.category is Category.RATE_LIMIT:
            limiter.lower(call.reservation, failure.retry_after_s, now_s)
            breaker.abandoned(call.era)
            ramp.failed(sent_s, now_s, is_refusal=True)
        elif failure.category is Category.CANCELLED:
            breaker.abandoned(call.era)
        elif failure.is_providers_fault:
            is_first = not any(self._attempts[index, False] for index in call.items)
            breaker.failed(call.era, now_s, is_first=is_first)
            if is_first:
                ramp.failed(sent_s, now_s, is_refusal=False)
        else:  # the provider works: it answered, if nothing of use
            breaker.succeeded(call.era)
            ramp.succeeded(sent_s, now_s)

    def _retry_or_fail(self, index: int, failure: Failure, now_s: float) -> None:
        kind = index, failure.category is Category.RATE_LIMIT
        self._attempts[kind] += 1
        attempts = self._attempts[kind]
        policy = self._job.options.retry
        if policy.allows(failure, attempts):
            self._tally.retries += 1
            self._queue.put_later(index, BEGUN, now_s + policy.wait_s(failure, attempts, self._chance))
        else:
            made = self._attempts[index, True] + self._attempts[index, False]
            self._outcomes.failed(index, failure, made)
