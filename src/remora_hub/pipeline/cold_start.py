"""The cold start: one reconciliation of everything, its files read and parsed in parallel, committed as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor

from remora_hub.discovery.rules import SourceRules
from remora_hub.pipeline.index_files import SourceLimits, index_files
from remora_hub.pipeline.lanes import ParseLanes
from remora_hub.pipeline.progress import Progress
from remora_hub.pipeline.reconcile import Reconciliation, reconcile
from remora_hub.store.changes import FileChange, FileOmitted, FileRemoved, FileReplaced, Fingerprint
from remora_hub.store.node_state_store import NodeStateStore

_FILES_PER_BATCH = 16
_SETTLED_PER_BATCH = 100


class ColdStart:
    """Brings the store level with the disk once. ``executor`` has ``max_indexing_workers`` threads.

    Every batch is committed as soon as it is extracted, so that a crash loses only what is in flight.
    """

    def __init__(
        self,
        store: NodeStateStore,
        rules: SourceRules,
        limits: SourceLimits,
        lanes: ParseLanes,
        executor: Executor,
        workers: int,
    ) -> None:
        self.progress = Progress()
        self._store = store
        self._rules = rules
        self._limits = limits
        self._lanes = lanes
        self._executor = executor
        self._workers = workers

    async def run(self, *, on_walked: Callable[[Reconciliation], None] | None = None) -> list[str]:
        """Reconcile everything; return the paths that changed meanwhile and must be looked at again.

        ``on_walked`` is told what the walk found before the first file is read. One bad file never stops the rest:
        it is committed with its status. Raises RootError, StoreError.
        """
        loop = asyncio.get_running_loop()
        known = await self._store.fingerprints()
        found = await loop.run_in_executor(self._executor, reconcile, self._limits.root, self._rules, known)
        if on_walked is not None:
            on_walked(found)
        progress = self.progress
        progress.total, progress.pending, progress.unchanged = (
            found.files,
            len(found.suspects),
            found.unchanged,
        )
        overtaken: list[str] = []
        for start in range(0, len(found.settled), _SETTLED_PER_BATCH):
            await self._commit(found.settled[start : start + _SETTLED_PER_BATCH])
        batches = _batches(found.suspects, self._lanes.count)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._workers):
                tasks.create_task(self._work(batches, known, overtaken))
        progress.finish()
        return overtaken

    async def _work(
        self, batches: Iterator[Sequence[str]], known: dict[str, Fingerprint], overtaken: list[str]
    ) -> None:
        loop = asyncio.get_running_loop()
        pending: deque[asyncio.Task[list[str]]] = deque()
        for batch in batches:
            changes = await loop.run_in_executor(self._executor, self._index, batch, known)
            self.progress.unchanged += sum(
                not isinstance(change, FileReplaced | FileOmitted) for change in changes
            )
            pending.append(asyncio.create_task(self._commit(changes)))
            self.progress.done += len(batch)
            if len(pending) > 1:  # one commit under way while the next batch is parsed, no more
                overtaken += await pending.popleft()
        for commit in pending:
            overtaken += await commit

    def _index(self, batch: Sequence[str], known: dict[str, Fingerprint]) -> list[FileChange]:
        return list(index_files(batch, known, self._limits, self._lanes))

    async def _commit(self, changes: Sequence[FileChange]) -> list[str]:
        """Commit and count; return what was discarded because it had changed on disk."""
        if not changes:
            return []
        commit = await self._store.apply(changes)
        lost = set(commit.discarded)
        for change in changes:
            if change.path in lost or change.path in commit.failed:
                continue
            self.progress.indexed += isinstance(change, FileReplaced)
            self.progress.failed += isinstance(change, FileOmitted)
            self.progress.removed += isinstance(change, FileRemoved)
        self.progress.failed += len(commit.failed)
        return list(commit.discarded)


def _batches(paths: Sequence[str], lanes: int) -> Iterator[Sequence[str]]:
    """The paths in order, in batches that shrink towards the end, so that all lanes finish together."""
    start = 0
    while start < len(paths):
        size = max(1, min(_FILES_PER_BATCH, (len(paths) - start) // (4 * lanes)))
        yield paths[start : start + size]
        start += size
