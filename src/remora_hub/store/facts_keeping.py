"""Keeping what a hub has extracted in the user's cache, when it has nothing else to do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from itertools import islice

from remora_hub.errors import StoreError
from remora_hub.logs import get_logger
from remora_hub.store.changes import Commit, Written
from remora_hub.store.facts_cache import FactsCache, KnownBytes
from remora_hub.store.node_state_store import NodeStateStore
from remora_hub.store.reader import Reader

_TICK_S = 1.0
_FILES_AT_A_TIME = 32  # some 10 ms of a thread
_PAUSE_S = 0.05
_MOST_HELD = 4_000  # facts in memory, 20 MB

_log = get_logger(__name__)


class FactsKeeping:
    """From a store into a cache: everything at first, then what commits bring. Only while ``is_idle``.

    ``kept`` counts the files whose facts were put there, or were there already.
    """

    def __init__(self, store: NodeStateStore, cache: FactsCache, is_idle: Callable[[], bool]) -> None:
        self.kept = 0
        self._store = store
        self._cache = cache
        self._is_idle = is_idle
        self._waiting: dict[str, Written | None] = {}  # None: as the store has it
        self._waiting_lock = threading.Lock()
        self._is_running = False
        store.add_listener(self._on_commit)

    async def run(self) -> None:
        """Keep until cancelled."""
        self._is_running = True
        work = self._begin
        while True:
            may_go_on = self._is_idle()
            if may_go_on:
                try:
                    await self._store.read(work)
                    work = self._keep_some
                except StoreError as error:  # what is wrong with the store others say
                    _log.debug("cache.not_filled", reason=str(error))
                    may_go_on = False
            is_worth_while = may_go_on and self._waiting and self._cache.problem is None
            await asyncio.sleep(_PAUSE_S if is_worth_while else _TICK_S)

    def _begin(self, reader: Reader) -> None:
        paths = reader.paths(None, "indexed")
        with self._waiting_lock:
            self._waiting = dict.fromkeys(paths) | self._waiting

    def _keep_some(self, reader: Reader) -> None:
        with self._waiting_lock:
            some = {path: self._waiting.pop(path) for path in list(islice(self._waiting, _FILES_AT_A_TIME))}
        digests = reader.digests(path for path, written in some.items() if written is None)
        digests |= {path: written.digest for path, written in some.items() if written is not None}
        for file in self._cache.lacking([KnownBytes(*known) for known in digests.items()]):
            written = some[file.path]
            facts = reader.facts_of(*file) if written is None else written.facts
            if facts is not None:
                self._cache.put(file, facts)
        self.kept += len(digests)

    def _on_commit(self, commit: Commit) -> None:
        """In the writer's thread."""
        if self._is_running:
            with self._waiting_lock:
                for path, written in commit.written.items():
                    if written is None:
                        self._waiting.pop(path, None)
                    else:
                        self._waiting[path] = written if len(self._waiting) < _MOST_HELD else None
