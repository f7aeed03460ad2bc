"""The tasks that drain the change queue: each takes some paths, has them read and parsed, and commits."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from remora_hub.errors import LaneError
from remora_hub.logs import get_logger
from remora_hub.pipeline.change_queue import ChangeQueue
from remora_hub.pipeline.commits import Committer
from remora_hub.pipeline.index_files import SourceLimits, index_files
from remora_hub.pipeline.lanes import ParseLanes
from remora_hub.store.changes import FileChange, FileReplaced, Fingerprint
from remora_hub.store.node_state_store import NodeStateStore

_MOST_PATHS = 16
_RETRY_WAIT_S = 0.2

log = get_logger(__name__)


class ChangeWorkers:
    """``count`` tasks on one queue. ``processed`` counts files looked at, ``discarded`` results that came too late."""

    def __init__(
        self,
        count: int,
        queue: ChangeQueue,
        store: NodeStateStore,
        committer: Committer,
        limits: SourceLimits,
        lanes: ParseLanes,
        executor: Executor,
    ) -> None:
        self.processed = 0
        self.discarded = 0
        self.busy = 0
        self._count = count
        self._queue = queue
        self._store = store
        self._committer = committer
        self._limits = limits
        self._lanes = lanes
        self._executor = executor

    async def run(self) -> None:
        """Drain the queue until cancelled. Raises what the store cannot recover from."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._count):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            share = -(-self._queue.depth // self._count)
            paths = await self._queue.take(max(1, min(_MOST_PATHS, share)))
            self.busy += 1
            try:
                again = await self._process(paths)
            finally:
                self.busy -= 1
            for path in paths:
                await self._queue.finish(path, again=path in again)

    async def _process(self, paths: list[str]) -> set[str]:
        """Bring ``paths`` into the store; return those that have to be looked at once more."""
        known = {path: found for path in paths for found in self._store.reader.fingerprints(path).values()}
        loop = asyncio.get_running_loop()
        try:
            changes = await loop.run_in_executor(self._executor, self._index, paths, known)
        except (
            LaneError,
            OSError,
        ) as error:  # no process or descriptor to be had: the files are not to blame
            log.warning("change.postponed", files=len(paths), reason=str(error))
            await asyncio.sleep(_RETRY_WAIT_S)
            return set(paths)
        self.processed += len(paths)
        if not changes:
            return set()
        commit = await self._committer.apply(changes)
        self.discarded += len(commit.discarded)
        for path, failure in commit.failed.items():
            log.error("change.not_stored", path=path, reason=str(failure))
        replaced = sum(isinstance(change, FileReplaced) for change in changes)
        log.debug("change.committed", files=len(changes), parsed=replaced, sequence=commit.seq)
        return set(commit.discarded)

    def _index(self, paths: list[str], known: dict[str, Fingerprint]) -> list[FileChange]:
        return list(index_files(paths, known, self._limits, self._lanes))
