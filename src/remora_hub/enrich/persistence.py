"""What a run needs of whatever keeps its results: a sink, and where there are, a cache and a history.

All are called from one thread of the run's, never from two at a time, and may block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from remora_hub.enrich.batches import Batch
from remora_hub.errors import ConfigError

if TYPE_CHECKING:
    from remora_hub.enrich.report import Report

Item = TypeVar("Item")
Result = TypeVar("Result")
RunStatus = Literal["running", "done", "cancelled", "failed", "interrupted"]


class Sink(Protocol[Result]):
    """Where results end up."""

    def stored(self, wanted: Mapping[str, str]) -> Mapping[str, Result]:
        """Of ``wanted``, digests by key, the results that are stored under that key for that digest."""
        ...

    def write(self, batch: Batch[Result]) -> None:
        """Store the results of a batch: all of them, or none and raise StoreError. Failed items are not stored."""
        ...


class Cache(Protocol[Result]):
    """Results by the digest of what they were made from."""

    def get(self, digests: set[str]) -> Mapping[str, Result]:
        """Those that are there."""
        ...

    def put(self, results: Mapping[str, Result]) -> None:
        """Keep them: when this returns, a killed process does not lose them. Raises StoreError."""
        ...


class History(Protocol):
    """What remembers runs."""

    def begin_run(self) -> None:
        """A run begins; batches written until it ends belong to it."""
        ...

    def end_run(self, status: RunStatus, report: Report) -> None:
        """It is over."""
        ...


@dataclass(frozen=True, slots=True)
class Persistence(Generic[Item, Result]):
    """How results are kept. ``key`` names an item in the store, ``digest`` is that of its content.

    At most ``max_unstored`` items are begun and neither in the cache nor in a written batch: so many calls a crash can
    cost. It bounds how many are in flight, too. Without a cache a batch has to be written before the next can begin.
    """

    sink: Sink[Result]
    key: Callable[[Item], str]
    digest: Callable[[Item], str]
    cache: Cache[Result] | None = None
    history: History | None = None
    batch_items: int = 100
    max_unstored: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.batch_items <= self.max_unstored:
            # A batch could never be complete, or only with the calls of the next one begun.
            reason = (
                f"1 <= batch_items <= max_unstored does not hold for {self.batch_items}, {self.max_unstored}"
            )
            raise ConfigError("keep results", reason=reason)
