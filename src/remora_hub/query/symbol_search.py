"""The symbol table kept true to a store that changes, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

from remora_hub.errors import StoreError
from remora_hub.logs import get_logger
from remora_hub.query.symbol_cache import SymbolCache
from remora_hub.query.symbol_rows import Show
from remora_hub.query.symbols import SymbolTable
from remora_hub.store.changes import Commit
from remora_hub.store.index_reader import FileSymbols
from remora_hub.store.node_page import join_suffixes
from remora_hub.store.node_state_store import NodeStateStore
from remora_hub.store.reader import Reader

_FILES_AT_A_TIME = 16  # a millisecond, so that a search need not wait longer
_FEW_CHANGED = 0.03  # of the files: to take them in when the table is loaded takes as long as to load it

Result = TypeVar("Result")

log = get_logger(__name__)


class SymbolSearch:
    """Searches in the state of the latest commit; the first search reads all symbols. Close it before the store.

    The table begins as ``cache`` has it, and is put there by ``keep`` and ``close``.

    Table and connection belong to one thread: searches follow one another, the event loop and other reads wait for
    none, and a search whose caller has gone ends by itself. Where very many files change at once (a branch switch), the
    table takes them in some at a time, searches in between: ``behind`` tells how many are still to come.
    """

    def __init__(self, store: NodeStateStore, cache: SymbolCache | None = None) -> None:
        self._path = store.path
        self._cache = cache
        self._table = SymbolTable(cache)
        self._reader: Reader | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="symbol-search")
        self._changed: dict[str, FileSymbols | None] = {}  # None: to be read
        self._changed_lock = threading.Lock()
        self._is_loaded = self._is_catching_up = False
        store.add_listener(self._on_commit)

    async def search(
        self,
        query: str,
        *,
        kind: str | Collection[str] | None = None,
        path: str | None = None,
        limit: int = 50,
        show: Show[Result],
    ) -> list[Result]:
        """As ``SymbolTable.search``. Raises StoreError."""
        search = partial(self._table.search, query, kind=kind, path=path, limit=limit, show=show)
        return await self._in_thread(partial(self._search, search))

    @property
    def behind(self) -> int:
        """Files whose latest symbols a search would not find yet."""
        return len(self._changed) if len(self._changed) > _FILES_AT_A_TIME and self._is_loaded else 0

    async def catch_up(self) -> None:
        """Return once a search finds what all commits so far hold."""
        if self.behind:
            await self._in_thread(partial(self._refresh, None))

    async def load(self) -> None:
        """Read the table, so that the first search need not. Raises StoreError."""
        if not self._is_loaded:
            await self._in_thread(partial(self._refresh, None))

    async def warm_up(self) -> None:
        """Make what searches need beside the table. Raises StoreError."""
        await self.load()
        await self._in_thread(self._table.prepare)

    async def take_spelled(self, rows: Sequence[FileSymbols]) -> None:
        """Offer these as well, until their files are indexed; see ``SymbolTable.put_spelled``. Raises StoreError."""
        await self._in_thread(partial(self._take_spelled, rows))

    async def forget_spelled(self) -> None:
        """Offer no more what is not indexed. Raises StoreError."""
        await self._in_thread(self._table.forget_spelled)

    async def keep(self) -> None:
        """Write the table into the cache if more than a few files changed since. Raises StoreError."""
        if self._cache is not None:
            state = await self._in_thread(partial(self._table.state_to_keep, _FEW_CHANGED))
            if state is not None:
                await asyncio.to_thread(self._cache.write, state.ready)
                await self._in_thread(partial(self._table.has_kept, state))

    async def close(self, *, keep: bool = False) -> None:
        """End the search under way, then the thread; again and again if you like.

        With ``keep`` the table is written into the cache if anything changed since.
        """
        await asyncio.to_thread(self._close, keep)

    async def _in_thread(self, job: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, job)
        except RuntimeError as error:  # the executor's way to say that it was shut down
            raise StoreError("search for symbols in", str(self._path), "it is closed") from error

    def _close(self, keep: bool) -> None:
        self._thread.shutdown(cancel_futures=True)
        if keep and self._cache is not None and (state := self._table.state_to_keep()) is not None:
            self._cache.write(state.ready)
            self._table.has_kept(state)
        if self._reader is not None:
            self._reader.close()

    def _take_spelled(self, rows: Sequence[FileSymbols]) -> None:
        self._refresh(None)
        self._table.put_spelled(rows)

    def _search(self, search: Callable[[], list[Result]]) -> list[Result]:
        if not self._is_loaded or len(self._changed) <= _FILES_AT_A_TIME:
            self._refresh(None)
        return search()

    def _refresh(self, most_files: int | None) -> None:
        """Take in what changed, or only so many files of it."""
        if self._reader is None:
            self._reader = Reader(self._path)
        with self._changed_lock:
            changed = {path: self._changed.pop(path) for path in list(islice(self._changed, most_files))}
        try:
            self._table.refresh(self._reader, [path for path, symbols in changed.items() if symbols is None])
        except StoreError:
            with self._changed_lock:
                self._changed = changed | self._changed
            raise
        self._table.put(symbols for symbols in changed.values() if symbols is not None)
        self._is_loaded = True

    def _catch_up(self) -> None:
        """Take in some files, and come again behind the searches that wait."""
        try:
            self._refresh(_FILES_AT_A_TIME)
        except StoreError as error:  # the next search says so to whoever asks
            log.debug("symbols.postponed", reason=str(error))
            self._is_catching_up = False
            return
        self._go_on_catching_up()

    def _go_on_catching_up(self) -> None:
        with self._changed_lock:
            self._is_catching_up = bool(self._changed)
        if self._is_catching_up:
            with contextlib.suppress(RuntimeError):  # the executor's way to say that it was shut down
                self._thread.submit(self._catch_up)

    def _on_commit(self, commit: Commit) -> None:
        """In the writer's thread."""
        with self._changed_lock:
            self._changed.update((path, self._symbols(path, commit)) for path in commit.files)
        if self._is_loaded and not self._is_catching_up:
            self._go_on_catching_up()

    def _symbols(self, path: str, commit: Commit) -> FileSymbols | None:
        """What a commit tells of a file's symbols; None where they must be read, as all are before the first search."""
        if not self._is_loaded or path not in commit.written:
            return None
        written = commit.written[path]
        if written is None:
            return FileSymbols(path, "", "")
        return FileSymbols(path, join_suffixes(written.facts.suffixes), written.facts.places)
