"""What has become of each item, in the order of the input."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Generic, TypeVar, cast

from remora_hub.enrich.answer import SKIPPED, Skipped
from remora_hub.enrich.batches import Finished
from remora_hub.enrich.failures import Category, Failure, ItemError
from remora_hub.enrich.job import Job
from remora_hub.enrich.predecessors import Predecessors
from remora_hub.enrich.recorder import Recorder
from remora_hub.enrich.report import Report
from remora_hub.enrich.tally import Tally
from remora_hub.enrich.urgency import Urgency
from remora_hub.enrich.work_queue import WorkQueue
from remora_hub.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Results(list[Result | ItemError | Skipped], Generic[Result]):
    """A result for each item of the input, in its order; an ItemError where it failed, SKIPPED where it was skipped."""

    def __init__(self, results: Sequence[Result | ItemError | Skipped], report: Report) -> None:
        super().__init__(results)
        self.report = report


class Outcomes(Generic[Item, Result]):
    """Takes results and errors as they come; hands them to the recorder, if there is one.

    Items of the same digest are called for once: the first is the leader, its twins share its outcome. What waits for
    an item that ends goes into the queue then.
    """

    def __init__(
        self,
        job: Job[Item, Result],
        queue: WorkQueue,
        urgency: Urgency[Item, Result],
        tally: Tally,
        recorder: Recorder[Item, Result] | None,
    ) -> None:
        self.unfinished = len(job.items)
        self._job = job
        self._queue = queue
        self._urgency = urgency
        self._predecessors = Predecessors()
        self._tally = tally
        self._recorder = recorder
        self._results: list[Result | ItemError | Skipped | None] = [None] * len(job.items)
        self._is_finished = bytearray(len(job.items))
        self._twins: defaultdict[int, list[int]] = defaultdict(list)

    def enqueue(self, index: int) -> None:
        """It has to be called for: now, or when what it waits for has ended. Raises ConfigError."""
        job = self._job
        awaited = [before for before in job.after(job.items[index]) if not self._has_ended(index, before)]
        self._urgency.raise_to(self._urgency.of(index), awaited)
        if not self._predecessors.hold(index, awaited):
            self._queue.put(index, self._urgency.of(index))

    def skip(self, index: int) -> None:
        """The user left it out."""
        self._tally.skipped += 1
        self._finish(index, SKIPPED)

    def done_before(self, index: int, result: Result) -> None:
        """An earlier run stored it."""
        self._tally.done_before += 1
        self._finish(index, result)

    def add_twin(self, leader: int, index: int) -> None:
        """``index`` becomes what ``leader`` does."""
        self._twins[leader].append(index)
        self._urgency.follow(leader, index)

    def done(self, index: int, result: Result, *, seconds: float | None) -> None:
        """It has a result, by a call that took so long for it; None: by the cache."""
        self._tally.item_done(self._job.clock.now_s(), seconds)
        self._finish(index, result)
        self._record(index, result, is_cached=seconds is None)
        for twin in self._twins.pop(index, ()):
            self.done(twin, result, seconds=None)

    def failed(self, index: int, failure: Failure, attempts: int) -> None:
        """It ends with an error."""
        self._tally.item_failed(failure.category)
        error = ItemError(index, failure.category, failure.reason, attempts)
        self._finish(index, error)
        self._record(index, error, is_cached=False)
        for twin in self._twins.pop(index, ()):
            self.failed(twin, failure, attempts)

    def cancel_rest(self) -> None:
        """The run ends: what is not finished is cancelled."""
        for index in range(len(self._results)):
            if not self._is_finished[index]:
                self._tally.item_failed(Category.CANCELLED)
                self._finish(index, ItemError(index, Category.CANCELLED, "the run ended before", 0))

    def results(self, report: Report) -> Results[Result]:
        """All of them, when none is unfinished."""
        assert self.unfinished == 0
        return Results(
            cast(list[Result | ItemError | Skipped], self._results), report
        )  # a None is a result by now

    def _finish(self, index: int, result: Result | ItemError | Skipped) -> None:
        assert not self._is_finished[index]
        self._results[index] = result
        self._is_finished[index] = 1
        self.unfinished -= 1
        for ready in self._predecessors.ended(index):
            self._queue.put(ready, self._urgency.of(ready))

    def _has_ended(self, index: int, before: int) -> bool:
        if not 0 <= before < index:
            raise ConfigError("run", "after", f"item {before} does not stand before item {index}")
        return bool(self._is_finished[before])

    def _record(self, index: int, result: Result | ItemError, *, is_cached: bool) -> None:
        keep = self._job.persistence
        if self._recorder is not None and keep is not None:
            item = self._job.items[index]
            finished = Finished(index, keep.key(item), keep.digest(item), result)
            self._recorder.finish(finished, is_cached=is_cached)
