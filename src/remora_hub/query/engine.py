"""Runs questions against the index, in threads of their own: the event loop waits for none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from remora_hub.errors import StoreError
from remora_hub.facts import PackedFile
from remora_hub.query.catalogue import Catalogue
from remora_hub.query.index import FileCache, Index, overlay_file
from remora_hub.query.source_file import SourceFile
from remora_hub.store.changes import Commit
from remora_hub.store.node_state_store import NodeStateStore
from remora_hub.store.reader import Reader

_MOST_OVERLAYS_KEPT = 64

Answer = TypeVar("Answer")


class QueryEngine:
    """Answers in the state of the latest commit. Close it before the store.

    Quick questions have a thread, thorough ones another: with one interpreter lock more would gain nothing, and nobody
    who asks what is under the cursor waits behind a search through all files.
    """

    def __init__(self, store: NodeStateStore) -> None:
        self._path = store.path
        self._cache = FileCache()
        self._catalogue = Catalogue()
        self._quick = ThreadPoolExecutor(1, thread_name_prefix="query")
        self._thorough = ThreadPoolExecutor(1, thread_name_prefix="query-thorough")
        self._of_thread = threading.local()
        self._readers: list[Reader] = []
        self._overlays: dict[int, tuple[PackedFile, SourceFile]] = {}
        store.add_listener(self._on_commit)

    async def ask(
        self,
        question: Callable[[Index], Answer],
        overlays: Mapping[str, PackedFile] | None = None,
        *,
        thorough: bool = False,
    ) -> Answer:
        """``question(index)``, run in a query thread; ``overlays`` are the client's unsaved texts by path.

        Raises StoreError, and whatever the question raises.
        """
        executor = self._thorough if thorough else self._quick
        given_up = threading.Event()
        try:
            future = executor.submit(self._answer, question, overlays or {}, given_up)
        except RuntimeError as error:  # the executor's way to say that it was shut down
            raise StoreError("ask the index", str(self._path), "it is closed") from error
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            given_up.set()  # a question under way ends at the next file it opens
            raise

    async def warm_up(self) -> None:
        """Read what is kept of all files, so that the first question need not. Raises StoreError."""
        await self.ask(lambda index: index.modules, thorough=True)

    async def close(self) -> None:
        """End what is under way, then the threads; again and again if you like."""
        await asyncio.to_thread(self._close)

    def _answer(
        self,
        question: Callable[[Index], Answer],
        overlays: Mapping[str, PackedFile],
        given_up: threading.Event,
    ) -> Answer:
        reader: Reader | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = Reader(self._path)
            self._readers.append(reader)
        files = {path: self._overlay(path, packed) for path, packed in overlays.items()}
        return question(Index(reader, self._cache, self._catalogue, files, given_up.is_set))

    def _overlay(self, path: str, packed: PackedFile) -> SourceFile:
        """An unsaved text; one that was asked about before keeps what was derived from it."""
        found = self._overlays.get(id(packed))
        if found is None or found[1].path != path:
            found = packed, overlay_file(path, packed)
            self._overlays[id(packed)] = found
            while len(self._overlays) > _MOST_OVERLAYS_KEPT:
                del self._overlays[next(iter(self._overlays))]
        return found[1]

    def _close(self) -> None:
        for executor in (self._quick, self._thorough):
            executor.shutdown(cancel_futures=True)
        for reader in self._readers:
            reader.close()

    def _on_commit(self, commit: Commit) -> None:
        """In the writer's thread."""
        self._cache.forget(commit.files)
        self._catalogue.on_commit(commit.written, commit.former_names)
