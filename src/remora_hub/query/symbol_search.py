"""The symbol table kept true to a store that changes, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from remora_hub.answers import Symbol
from remora_hub.errors import StoreError
from remora_hub.query.symbols import SymbolTable
from remora_hub.store.changes import Commit
from remora_hub.store.node_state_store import NodeStateStore
from remora_hub.store.reader import Reader


class SymbolSearch:
    """Searches in the state of the latest commit; the first search reads all symbols. Close it before the store.

    Table and connection belong to one thread: searches follow one another, the event loop and other reads wait for
    none, and a search whose caller has gone ends by itself.
    """

    def __init__(self, store: NodeStateStore) -> None:
        self._path = store.path
        self._table = SymbolTable()
        self._reader: Reader | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="symbol-search")
        self._changed: set[str] = set()
        self._changed_lock = threading.Lock()
        store.add_listener(self._on_commit)

    async def search(
        self,
        query: str,
        *,
        kind: str | Collection[str] | None = None,
        path: str | None = None,
        limit: int = 50,
    ) -> list[Symbol]:
        """As ``SymbolTable.search``. Raises StoreError."""
        search = partial(self._search, query, kind=kind, path=path, limit=limit)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, search)
        except RuntimeError as error:  # the executor's way to say that it was shut down
            raise StoreError("search for symbols in", str(self._path), "it is closed") from error

    async def close(self) -> None:
        """End the search under way, then the thread; again and again if you like."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        if self._reader is not None:
            self._reader.close()

    def _search(
        self, query: str, *, kind: str | Collection[str] | None, path: str | None, limit: int
    ) -> list[Symbol]:
        if self._reader is None:
            self._reader = Reader(self._path)
        with self._changed_lock:
            changed, self._changed = self._changed, set()
        try:
            self._table.refresh(self._reader, changed)
        except StoreError:
            with self._changed_lock:
                self._changed |= changed
            raise
        return self._table.search(query, kind=kind, path=path, limit=limit)

    def _on_commit(self, commit: Commit) -> None:
        """In the writer's thread."""
        with self._changed_lock:
            self._changed.update(commit.files)
