"""Which items are stored together: a hundred in the order in which they were begun, and those batches in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from remora_hub.enrich.failures import ItemError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Finished(Generic[Result]):
    """One item of a batch. ``key`` names it in the store, ``digest`` its content."""

    index: int
    key: str
    digest: str
    result: Result | ItemError


@dataclass(frozen=True, slots=True)
class Batch(Generic[Result]):
    """Items that are stored in one transaction, in the order of the input."""

    number: int
    items: tuple[Finished[Result], ...]

    @property
    def failed(self) -> int:
        """Items without a result."""
        return sum(isinstance(item.result, ItemError) for item in self.items)


class BatchLedger(Generic[Result]):
    """Assigns items to batches as they are begun, and hands out batches as they are complete, in their order."""

    def __init__(self, batch_items: int) -> None:
        self._batch_items = batch_items
        self._number_of: dict[int, int] = {}
        self._open: dict[
            int, list[Finished[Result]]
        ] = {}  # finished items of batches that were not handed out
        self._assigned = 0
        self._next = 0

    def begin(self, index: int) -> None:
        """``index`` belongs to the current batch from now on; again and again if you like."""
        if index not in self._number_of:
            self._number_of[index] = self._assigned // self._batch_items
            self._assigned += 1

    def finish(self, item: Finished[Result]) -> None:
        """An item that was begun has its result."""
        self._open.setdefault(self._number_of.pop(item.index), []).append(item)

    def take_complete(self) -> list[Batch[Result]]:
        """The batches that are complete, and so are all before them."""
        complete = []
        while len(self._open.get(self._next, ())) == self._batch_items:
            complete.append(self._take(self._next))
            self._next += 1
        return complete

    def take_rest(self) -> list[Batch[Result]]:
        """What is finished of the batches that will never be complete, at the end of a run."""
        return [self._take(number) for number in sorted(self._open)]

    def _take(self, number: int) -> Batch[Result]:
        items = sorted(self._open.pop(number), key=lambda item: item.index)
        return Batch(number, tuple(items))
