"""A run from its beginning to its end: the async core, and the blocking face on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from remora_hub.enrich.caller import Caller, Process, ProcessGroup
from remora_hub.enrich.calls import Calls, Gates
from remora_hub.enrich.clock import Clock, SystemClock
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.dispatcher import Dispatcher
from remora_hub.enrich.job import Job, Options, no_predecessors, no_priority, no_tokens, no_topic
from remora_hub.enrich.lag import LagWatch
from remora_hub.enrich.outcomes import Outcomes, Results
from remora_hub.enrich.persistence import History, Persistence, RunStatus
from remora_hub.enrich.plan import plan
from remora_hub.enrich.progress import ProgressCallback, ProgressReporter
from remora_hub.enrich.providers import Limits
from remora_hub.enrich.ramp import Ramp
from remora_hub.enrich.recorder import Recorder
from remora_hub.enrich.report import Report
from remora_hub.enrich.shared import shared_breaker, shared_limiter
from remora_hub.enrich.tally import Progress, Tally
from remora_hub.enrich.urgency import Urgency
from remora_hub.enrich.work_queue import Priority, WorkQueue
from remora_hub.errors import ConfigError
from remora_hub.logs import get_logger

Item = TypeVar("Item")
Result = TypeVar("Result")

_log = get_logger(__name__)


def run_concurrent(
    *,
    items: Sequence[Item],
    process: Process[Item, Result] | None = None,
    process_group: ProcessGroup[Item, Result] | None = None,
    estimate_tokens: Callable[[Item], int] = no_tokens,
    max_workers: int | None = None,
    target_tpm: float | None = None,
    target_rpm: float | None = None,
    limiter_name: str = "default",
    provider: str | None = None,
    safety_share: float | None = None,
    limits: Limits | None = None,
    progress_name: str | None = None,
    on_progress: ProgressCallback | None = None,
    priority: Callable[[Item], Priority] = no_priority,
    topic: Callable[[Item], str] = no_topic,
    after: Callable[[Item], Iterable[int]] = no_predecessors,
    options: Options | None = None,
    persistence: Persistence[Item, Result] | None = None,
    control: RunControl | None = None,
    clock: Clock | None = None,
) -> Results[Result]:
    """Process all items, blocking; ``Job`` says what the arguments mean, and ``max_workers`` is that of its options.

    The results are a list in the order of the input, an ItemError in the place of each item that failed, with a
    ``report``. Raises ConfigError for arguments that do not fit, StoreError where results cannot be stored.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise ConfigError("run", reason="an event loop is running here", hint="await run_job(Job(...))")
    options = options or Options()
    job = Job(
        items=items,
        process=process,
        process_group=process_group,
        estimate_tokens=estimate_tokens,
        limiter_name=limiter_name,
        provider=provider,
        safety_share=safety_share,
        limits=limits,
        target_tpm=target_tpm,
        target_rpm=target_rpm,
        progress_name=progress_name,
        on_progress=on_progress,
        priority=priority,
        topic=topic,
        after=after,
        options=options if max_workers is None else replace(options, max_workers=max_workers),
        persistence=persistence,
        control=control or RunControl(),
        clock=clock or SystemClock(),
    )
    return asyncio.run(run_job(job))


async def run_job(job: Job[Item, Result]) -> Results[Result]:
    """Process all items of ``job``. Raises as ``run_concurrent`` does; a cancelled task stores what is done first."""
    return await _Run(job).execute()


class _Run(Generic[Item, Result]):
    """The parts of one run, put together."""

    def __init__(self, job: Job[Item, Result]) -> None:
        now_s = job.clock.now_s()
        options = job.options
        caller = Caller(
            job.process,
            job.process_group,
            max_workers=options.max_workers if options.is_concurrent else 1,
            timeout_s=options.call_timeout_s,
            clock=job.clock,
        )
        gates = Gates(
            shared_limiter(job.limiter_name, job.limits_to_keep(), now_s),
            shared_breaker(job.provider_name),
            Ramp(options.max_workers, is_concurrent=options.is_concurrent, now_s=now_s),
        )
        self._job = job
        self._name = job.progress_name or job.limiter_name
        self._limiter = gates.limiter
        self._breaker = gates.breaker
        self._trips_before = gates.breaker.trips
        self._wake = asyncio.Event()
        self._queue = WorkQueue()
        self._tally = Tally(self._name, job.provider_name, len(job.items), now_s)
        self._recorder: Recorder[Item, Result] | None = None
        if job.persistence is not None:
            self._recorder = Recorder(job.persistence, self._wake.set)
        self._history: History | None = None  # from when it knows of this run
        self._urgency = Urgency(job, self._queue)
        self._outcomes = Outcomes(job, self._queue, self._urgency, self._tally, self._recorder)
        self._calls = Calls(job, caller, gates, self._queue, self._outcomes, self._tally, self._wake.set)
        self._dispatcher = Dispatcher(
            job, gates, self._queue, self._calls, self._outcomes, self._recorder, self._tally, self._wake
        )

    async def execute(self) -> Results[Result]:
        """All of it; whatever ends it, what is done is stored."""
        status: RunStatus = "failed"
        job = self._job
        try:
            await self._begin_history()
            job.control.attach(self._urgency, self._wake.set)
            await plan(job, self._outcomes, self._recorder)
            progress = ProgressReporter(job.progress_name, self._look, job.on_progress)
            async with progress, LagWatch(job.clock, self._limiter):
                await self._dispatcher.run()
            status = "cancelled" if job.control.is_cancelled else "done"
        except asyncio.CancelledError:
            status = "cancelled"
            raise
        finally:
            job.control.detach()
            report = await self._end(status)
        return self._outcomes.results(report)

    def _look(self) -> Progress:
        return self._tally.progress(self._job.clock.now_s())

    async def _begin_history(self) -> None:
        _log.info("enrich.run_started", run=self._name, items=len(self._job.items))
        if self._recorder is not None and self._job.persistence is not None:
            history = self._job.persistence.history
            if history is not None:
                await self._recorder.in_writer(history.begin_run)
                self._history = history

    async def _end(self, status: RunStatus) -> Report:
        await self._calls.close()
        self._outcomes.cancel_rest()
        now_s = self._job.clock.now_s()
        report = self._tally.report(now_s, self._breaker.trips - self._trips_before)
        _log.info(
            "enrich.run_ended",
            run=self._name,
            status=status,
            done=report.done,
            failed=report.failed,
            seconds=round(report.seconds, 1),
        )
        if self._recorder is not None:
            await self._end_recording(self._recorder, status, report)
        return report

    async def _end_recording(
        self, recorder: Recorder[Item, Result], status: RunStatus, report: Report
    ) -> None:
        try:
            try:
                await recorder.finish_writing()
            except BaseException:
                status = "failed"
                raise
            finally:
                if (history := self._history) is not None:
                    await recorder.in_writer(lambda: history.end_run(status, report))
        finally:
            recorder.close()
