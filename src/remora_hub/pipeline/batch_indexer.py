"""Indexing a batch off the event loop, for as long as it takes to get the processes and descriptors for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import msgspec

from remora_hub.errors import LaneError
from remora_hub.logs import get_logger
from remora_hub.pipeline.index_files import Sources, index_files
from remora_hub.pipeline.lanes import ParseLanes, Postponed
from remora_hub.store.changes import FileChange, Fingerprint
from remora_hub.store.facts_cache import FactsCache

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0

log = get_logger(__name__)


class Indexed(msgspec.Struct, frozen=True):
    """What a batch comes to; the ``postponed`` paths took too long and are to be indexed again, each alone."""

    changes: list[FileChange]
    postponed: list[str]


class BatchIndexer:
    """``index_files`` in a thread of ``executor``. ``trouble`` is what it waits for right now.

    ``attempts`` is how often a batch is tried before its error is raised; 0 for ever. All methods that index raise
    LaneError or OSError only after the last attempt.
    """

    def __init__(
        self,
        sources: Sources,
        lanes: ParseLanes,
        executor: Executor,
        cache: FactsCache | None = None,
        *,
        attempts: int = 0,
    ) -> None:
        self.sources = sources
        self.lanes = lanes
        self.executor = executor
        self.trouble: LaneError | OSError | None = None
        self.failures = 0
        self._cache = cache
        self._attempts = attempts

    async def index(self, paths: Sequence[str], known: Mapping[str, Fingerprint]) -> Indexed:
        """Read and extract ``paths``: one that comes alone is given the whole time limit."""
        return await self._keep_trying(self.executor, self.lanes, paths, known)

    async def index_hurriedly(self, paths: Sequence[str], known: Mapping[str, Fingerprint]) -> Indexed:
        """The same, for those who must not be held up: every file that takes long is postponed."""
        return await self._keep_trying(self.executor, self.lanes.hurried(), paths, known)

    async def index_suspects(self, paths: Sequence[str], known: Mapping[str, Fingerprint]) -> Indexed:
        """As ``index``, but in a thread of the loop's own: suspects take long, and the executor may be small."""
        return await self._keep_trying(None, self.lanes, paths, known)

    async def _keep_trying(
        self,
        executor: Executor | None,
        lanes: ParseLanes,
        paths: Sequence[str],
        known: Mapping[str, Fingerprint],
    ) -> Indexed:
        loop = asyncio.get_running_loop()
        wait_s = _FIRST_WAIT_S
        attempt = 0
        while True:
            attempt += 1
            try:
                indexed = await loop.run_in_executor(executor, self._index, lanes, paths, known)
            except (LaneError, OSError) as error:  # no process or descriptor to be had: no file is to blame
                if attempt == self._attempts:
                    raise
                if self.trouble is None:
                    log.debug("index.postponed", files=len(paths), reason=str(error))
                self.trouble = error
                self.failures += 1
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                self.trouble = None
                return indexed

    def _index(self, lanes: ParseLanes, paths: Sequence[str], known: Mapping[str, Fingerprint]) -> Indexed:
        indexed = Indexed([], [])
        for change in index_files(paths, known, self.sources, lanes, self._cache):
            if isinstance(change, Postponed):
                indexed.postponed.append(change.path)
            else:
                indexed.changes.append(change)
        return indexed
