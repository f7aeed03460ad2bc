"""How urgent each item is: at least as urgent as whatever waits for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

from remora_hub.enrich.job import Job
from remora_hub.enrich.work_queue import Priority, WorkQueue

Item = TypeVar("Item")
Result = TypeVar("Result")


class Urgency(Generic[Item, Result]):
    """Begins with the priorities of the job. What is raised stays so until the run ends."""

    def __init__(self, job: Job[Item, Result], queue: WorkQueue) -> None:
        self._job = job
        self._queue = queue
        self._raised: dict[int, Priority] = {}
        self._leaders: dict[int, int] = {}

    def of(self, index: int) -> Priority:
        """The priority that the item has by now."""
        return min(self._raised.get(index, Priority.REST), self._job.priority(self._job.items[index]))

    def follow(self, leader: int, twin: int) -> None:
        """``twin`` becomes what ``leader`` does, which is as urgent as both from now on."""
        self._leaders[twin] = leader
        self.raise_to(self.of(twin), [leader])

    def raise_to(self, priority: Priority, indices: Collection[int]) -> None:
        """Have these items, and all that they wait for, be at least as urgent as ``priority``."""
        following = list(indices)
        while following:
            index = following.pop()
            index = self._leaders.get(index, index)
            if priority < self.of(index):
                self._raised[index] = priority
                self._queue.promote(index, priority)
                following += self._job.after(self._job.items[index])

    def look_at(self, topics: Collection[str]) -> None:
        """Have all items of these topics come first."""
        looked_at = [index for index, item in enumerate(self._job.items) if self._job.topic(item) in topics]
        self.raise_to(Priority.LOOKED_AT, looked_at)
