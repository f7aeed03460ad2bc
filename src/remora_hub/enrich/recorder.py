"""Writes what is finished, in one thread, while the calls go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

from remora_hub.enrich.batches import Batch, BatchLedger, Finished
from remora_hub.enrich.failures import ItemError
from remora_hub.enrich.persistence import Persistence

Item = TypeVar("Item")
Result = TypeVar("Result")
Returned = TypeVar("Returned")


class Recorder(Generic[Item, Result]):
    """Results go to the cache as they come, and to the sink in batches, in order.

    What comes while a write is under way is written together by the next. ``changed`` is called in the event loop
    after each write; there may be more ``room``, or ``error`` says that nothing can be written any more.
    """

    def __init__(self, persistence: Persistence[Item, Result], changed: Callable[[], None]) -> None:
        self._unstored: set[int] = set()
        self.error: Exception | None = None
        self._persistence = persistence
        self._changed = changed
        self._ledger: BatchLedger[Result] = BatchLedger(persistence.batch_items)
        self._uncached: list[Finished[Result]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="enrich-writer")
        self._writing: asyncio.Task[None] | None = None

    @property
    def room(self) -> int:
        """How many more items may be begun."""
        return self._persistence.max_unstored - len(self._unstored)

    async def in_writer(self, work: Callable[[], Returned]) -> Returned:
        """Do ``work`` in the thread that writes."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def begin(self, index: int) -> None:
        """An item is begun: a crash would cost it from now on."""
        self._ledger.begin(index)
        self._unstored.add(index)

    def finish(self, item: Finished[Result], *, is_cached: bool = False) -> None:
        """It has a result, or failed, which is nothing to lose."""
        self._ledger.begin(item.index)
        self._ledger.finish(item)
        if isinstance(item.result, ItemError):
            self._unstored.discard(item.index)
        elif self._persistence.cache is not None and not is_cached:
            self._uncached.append(item)
        if self._writing is None and self.error is None:
            self._writing = asyncio.create_task(self._write_all())

    async def finish_writing(self) -> None:
        """Write what is finished, also of incomplete batches. Raises what a write raised."""
        if self._writing is not None:
            await self._writing
        await self._write_batches(self._ledger.take_rest())
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=True)

    async def _write_all(self) -> None:
        try:
            while True:
                uncached, self._uncached = self._uncached, []
                batches = self._ledger.take_complete()
                if not uncached and not batches:
                    return
                await self._write_results(uncached)
                await self._write_batches(batches)
        finally:
            self._writing = None
            self._changed()

    async def _write_results(self, items: Sequence[Finished[Result]]) -> None:
        cache = self._persistence.cache
        if cache is not None and items:
            results = {item.digest: item.result for item in items if not isinstance(item.result, ItemError)}
            await self._write(lambda: cache.put(results), items)

    async def _write_batches(self, batches: Sequence[Batch[Result]]) -> None:
        for batch in batches:
            await self._write(partial(self._persistence.sink.write, batch), batch.items)

    async def _write(self, work: Callable[[], None], items: Sequence[Finished[Result]]) -> None:
        if self.error is not None:
            return  # later batches must not be stored where an earlier one is not
        try:
            await self.in_writer(work)
        except Exception as error:  # noqa: BLE001  # whatever it is, the run ends with it: ``finish_writing`` raises it
            self.error = error
        else:
            self._unstored.difference_update(item.index for item in items)
        self._changed()
