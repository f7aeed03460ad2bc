"""The tasks that drain the change queue: each takes some paths, has them read and parsed, and commits.

A file that takes the parser long must not hold up the others, of which it is known only after it has been tried. So
the first try of every file is a short one. What it does not suffice for is a suspect, and suspects have tasks of their
own, which give each the whole time limit: so few that, however many hang, one lane stays free of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import msgspec

from remora_hub.logs import get_logger, log_context
from remora_hub.pipeline.batch_indexer import BatchIndexer, Indexed
from remora_hub.pipeline.change_queue import ChangeQueue, Outcome
from remora_hub.pipeline.commits import Committer
from remora_hub.pipeline.still_current import is_there
from remora_hub.store.changes import FileChange, FileOmitted, FileReplaced, Fingerprint
from remora_hub.store.node_state_store import NodeStateStore

_MOST_PATHS = 64
_MOST_SUSPECTS = 4  # at a time; each holds a thread of the loop's own, of which there are at least five
_DISCARDS_IN_A_ROW = 2

log = get_logger(__name__)

Index = Callable[[Sequence[str], Mapping[str, Fingerprint]], Awaitable[Indexed]]


class ChangeWorkers:
    """``count`` tasks on one queue, and a few for its suspects.

    ``processed`` counts files looked at, ``discarded`` results that came too late, ``not_stored`` files whose
    facts the store refused, ``busy_s`` seconds of work of all.

    A result is discarded if its bytes are no longer on disk. Of a file that never rests, that would be every result:
    so after two in a row the next one is stored if the file is still there, and the file is looked at again.
    """

    def __init__(
        self,
        count: int,
        queue: ChangeQueue,
        store: NodeStateStore,
        committer: Committer,
        indexer: BatchIndexer,
    ) -> None:
        self.processed = 0
        self.discarded = 0
        self.busy = 0
        self.busy_s = 0.0
        self.not_stored = 0
        self._batches = 0
        self.count = count
        self._queue = queue
        self._store = store
        self._committer = committer
        self._indexer = indexer
        self._discards: Counter[str] = Counter()

    async def run(self) -> None:
        """Drain the queue until cancelled. Raises StoreError."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.count):
                tasks.create_task(self._work())
            for _ in range(max(1, min(_MOST_SUSPECTS, self._indexer.lanes.count - 1))):
                tasks.create_task(self._work_on_suspects())

    async def _work(self) -> None:
        while True:
            share = -(-self._queue.depth // self.count)
            paths = await self._queue.take(max(1, min(_MOST_PATHS, share)))
            await self._work_on(paths, self._indexer.index_hurriedly)

    async def _work_on_suspects(self) -> None:
        while True:
            await self._work_on([await self._queue.take_suspect()], self._indexer.index_suspects)

    async def _work_on(self, paths: list[str], index: Index) -> None:
        self.busy += 1
        self._batches += 1
        began_s = time.monotonic()
        try:
            with log_context(batch=self._batches, **({"path": paths[0]} if len(paths) == 1 else {})):
                outcomes = await self._process(paths, index)
        finally:
            self.busy -= 1
            self.busy_s += time.monotonic() - began_s
        for path in paths:
            self._queue.finish(path, outcomes.get(path, Outcome.STORED))

    async def _process(self, paths: list[str], index: Index) -> dict[str, Outcome]:
        """Bring ``paths`` into the store; the outcome of those that have to be looked at again."""
        known = await self._store.read(lambda reader: reader.fingerprints_of(paths))
        indexed = await index(paths, known)
        self.processed += len(paths) - len(indexed.postponed)
        outcomes = dict.fromkeys(indexed.postponed, Outcome.POSTPONED)
        restless = [path for path in paths if self._discards[path] >= _DISCARDS_IN_A_ROW]
        changes = [self._relaxed(change) if change.path in restless else change for change in indexed.changes]
        if changes:
            outcomes |= dict.fromkeys(await self._commit(changes), Outcome.DISCARDED)
        for path in paths:
            if outcomes.get(path) is Outcome.DISCARDED:
                self._discards[path] += 1
            elif path not in outcomes:
                del self._discards[path]
        return dict.fromkeys(restless, Outcome.OVERTAKEN) | outcomes

    def _relaxed(self, change: FileChange) -> FileChange:
        was_read = isinstance(change, FileReplaced) or (isinstance(change, FileOmitted) and change.digest)
        if was_read:
            sources = self._indexer.sources
            return msgspec.structs.replace(
                change, still_current=partial(is_there, sources.root, sources.rules, change.path)
            )
        return change

    async def _commit(self, changes: list[FileChange]) -> tuple[str, ...]:
        """Commit; the paths that changed meanwhile."""
        commit = await self._committer.apply(changes)
        self.discarded += len(commit.discarded)
        self.not_stored += len(commit.failed)
        for path, failure in commit.failed.items():
            log.error(
                "change.not_stored", path=path, reason=str(failure), remedy="report it: a fault of the hub's"
            )
        replaced = sum(isinstance(change, FileReplaced) for change in changes)
        log.debug("change.committed", files=len(changes), parsed=replaced, sequence=commit.seq)
        return commit.discarded
