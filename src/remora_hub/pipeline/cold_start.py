"""The cold start: one reconciliation of everything, its files read and parsed in parallel, committed as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence

from remora_hub.pipeline.batch_indexer import BatchIndexer
from remora_hub.pipeline.batches import FILES_PER_BATCH, Batches
from remora_hub.pipeline.commits import Committer
from remora_hub.pipeline.progress import Progress
from remora_hub.pipeline.reconcile import Reconciliation, reconcile
from remora_hub.store.changes import (
    FileChange,
    FileOmitted,
    FileRemoved,
    FileReplaced,
    FileTouched,
    Fingerprint,
)
from remora_hub.store.maintenance import Limits
from remora_hub.store.node_state_store import NodeStateStore

_FILES_PER_COMMIT = 100
_COMMIT_AFTER_S = 0.25  # at the latest, when the next batch is done; a crash loses no more than half a second
_LANES_AHEAD = 1  # batches that are read while all lanes are busy; more only contend for the interpreter


class ColdStart:
    """Brings the store level with the disk once, by at most ``workers`` batches at a time.

    What is extracted is committed every 100 files or a quarter of a second, so that a crash loses little.
    """

    def __init__(
        self, store: NodeStateStore, committer: Committer, indexer: BatchIndexer, workers: int
    ) -> None:
        self.progress = Progress()
        self._store = store
        self._committer = committer
        self._indexer = indexer
        self._workers = min(workers, indexer.lanes.count + _LANES_AHEAD)
        self._may_go_on: Callable[[], Awaitable[object]] | None = None
        self._ready: list[FileChange] = []
        self._ready_files = 0
        self._commit_due_s = 0.0
        self._overtaken: list[str] = []
        self._postponed: list[str] = []

    async def run(
        self,
        *,
        on_walked: Callable[[Reconciliation], None] | None = None,
        may_go_on: Callable[[], Awaitable[object]] | None = None,
        asked_about: Callable[[], Collection[str]] = tuple,
    ) -> list[str]:
        """Reconcile everything; return the paths that changed meanwhile and must be looked at again.

        ``on_walked`` is told what the walk found before the first file is read, ``may_go_on`` waited for before each
        batch of files; those that ``asked_about`` names come first. One bad file never stops the rest: it is committed
        with its status. Raises RootError, StoreError.
        """
        self._may_go_on = may_go_on
        sources = self._indexer.sources
        limits = Limits(sources.max_file_bytes, self._indexer.lanes.limit_s)
        await self._committer.keep_to_limits(limits)
        found = await reconcile(sources.root, sources.rules, self._store, self._indexer.executor)
        if on_walked is not None:
            on_walked(found)
        progress = self.progress
        progress.total, progress.unchanged = found.files, found.unchanged
        progress.pending = len(found.suspects)
        for start in range(0, len(found.settled), _FILES_PER_COMMIT):
            await self._commit(found.settled[start : start + _FILES_PER_COMMIT], files=0)
        await self._index(Batches(found.suspects, self._indexer.lanes.count, asked_about), found.known)
        await self._index(([path] for path in self._postponed), found.known)
        progress.finish()
        return self._overtaken

    async def _index(self, batches: Iterable[Sequence[str]], known: Mapping[str, Fingerprint]) -> None:
        shared = iter(batches)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._workers):
                tasks.create_task(self._work(shared, known))
        await self._commit_ready()

    async def _work(self, batches: Iterator[Sequence[str]], known: Mapping[str, Fingerprint]) -> None:
        loop = asyncio.get_running_loop()
        for batch in batches:
            if self._may_go_on is not None:
                await self._may_go_on()
            indexed = await self._indexer.index(batch, known)
            self._postponed += indexed.postponed
            self._ready += indexed.changes
            self._ready_files += len(batch) - len(indexed.postponed)
            is_full = len(self._ready) > _FILES_PER_COMMIT - FILES_PER_BATCH
            if is_full or loop.time() >= self._commit_due_s:
                self._commit_due_s = loop.time() + _COMMIT_AFTER_S
                await self._commit_ready()

    async def _commit_ready(self) -> None:
        changes, files = self._ready, self._ready_files
        self._ready, self._ready_files = [], 0
        await self._commit(changes, files)

    async def _commit(self, changes: Sequence[FileChange], files: int) -> None:
        """Commit what ``files`` files came to, and count."""
        if changes:
            commit = await self._committer.apply(changes)
            self._overtaken += commit.discarded
            not_stored = {*commit.discarded, *commit.failed}
            self._count([change for change in changes if change.path not in not_stored])
            self.progress.failed += len(commit.failed)
        self.progress.done += files

    def _count(self, stored: Sequence[FileChange]) -> None:
        progress = self.progress
        for change in stored:
            progress.indexed += isinstance(change, FileReplaced)
            progress.unchanged += isinstance(change, FileTouched)
            progress.failed += isinstance(change, FileOmitted)
            progress.removed += isinstance(change, FileRemoved)
