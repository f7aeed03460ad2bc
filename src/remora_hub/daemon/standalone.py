"""The hub's methods without a daemon: for commands that found none running."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from remora_hub.answers import SearchResults
from remora_hub.config import EmbedConfig
from remora_hub.errors import NotRunningError, StoreError, UsageError
from remora_hub.facts import PackedFile
from remora_hub.feed.feed import Feed
from remora_hub.metrics.catalogue import Samples
from remora_hub.paths import StatePaths
from remora_hub.query.engine import QueryEngine
from remora_hub.query.index import Index
from remora_hub.query.symbol_cache import SymbolCache
from remora_hub.query.symbol_rows import Show
from remora_hub.query.symbols import SymbolTable
from remora_hub.server.hub_methods import hub_methods
from remora_hub.server.summaries import Summaries
from remora_hub.server.viewed_files import ViewedFiles
from remora_hub.store.node_state_store import NodeStateStore

T = TypeVar("T")


class StandaloneBackend:
    """A ``server.backend.Backend`` over a store that nothing changes meanwhile.

    It was just made fresh; or it cannot be written to, as ``degraded`` says, and is ``pending`` files behind the disk.
    """

    def __init__(
        self,
        store: NodeStateStore,
        paths: StatePaths,
        embed: EmbedConfig,
        pending: int = 0,
        degraded: str | None = None,
    ) -> None:
        self.store = store
        self._paths = paths
        self._embed = embed
        self.summaries = Summaries(paths.enrich_database)
        self.viewed = ViewedFiles()
        self.pending = pending
        self.degraded = degraded

    @property
    def feed(self) -> Feed:
        """There is none: nothing changes without a daemon."""
        raise NotRunningError(
            "subscribe", reason="no hub is running", hint="start one with: remora-hub start"
        )

    async def opened(self) -> None:
        """It is."""

    async def call(self, name: str, params: Mapping[str, object]) -> Any:
        """Answer a ``hub/*`` method with plain values, exactly as over the wire."""
        method = hub_methods(self).get(name)
        if method is None:
            raise UsageError("answer", name, "there is no such method")
        parameters, answer = method
        result = await answer(None, msgspec.convert(params, parameters))  # type: ignore[arg-type]  # no connection
        return msgspec.json.decode(msgspec.json.encode(result))

    async def status(self) -> dict[str, Any]:
        """There is no hub to ask."""
        raise NotRunningError(
            "ask for the status", reason="no hub is running", hint="start one with: remora-hub start"
        )

    async def metrics(self) -> Samples:
        """There is no hub to ask."""
        raise NotRunningError(
            "ask for metrics", reason="no hub is running", hint="start one with: remora-hub start"
        )

    async def sync(self, timeout_s: float | None) -> None:
        """The store was made fresh when it was opened, or cannot be. Raises StoreError."""
        if self.pending:
            raise StoreError("bring level with the disk", str(self.store.path), self.degraded or "")

    async def search_symbols(
        self,
        query: str,
        kind: str | None,
        limit: int,
        path: str | None = None,
        *,
        show: Show[T],
    ) -> list[T]:
        """Search for symbols by name."""
        table = SymbolTable(SymbolCache(self._paths.symbol_cache))
        table.refresh(self.store.reader, ())  # nobody else waits for this event loop
        return table.search(query, kind=kind, path=path, limit=limit, show=show)

    async def search(self, query: str, kind: str | None, limit: int, path: str | None) -> SearchResults:
        """Search by meaning, names and text."""
        from remora_hub.enrich.embed.search import Search  # 50 ms that other questions need not take

        search = Search(self.store, self._paths.enrich_database, self._embed, follows=False)
        try:
            return await search.search(query, kind=kind, path=path, limit=limit)
        finally:
            await search.close()

    async def ask(
        self,
        question: Callable[[Index], T],
        overlays: Mapping[str, PackedFile] | None = None,
        *,
        thorough: bool = False,
    ) -> T:
        """Answer a question from the index."""
        engine = QueryEngine(self.store)
        try:
            return await engine.ask(question, overlays, thorough=thorough)
        finally:
            await engine.close()

    async def reload(self) -> dict[str, Any]:
        """There is no hub to tell."""
        raise NotRunningError("reload", reason="no hub is running", hint="start one with: remora-hub start")

    def stop(self) -> None:
        """Nothing runs."""
