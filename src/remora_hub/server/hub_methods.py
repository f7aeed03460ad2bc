"""The ``hub/*`` methods: what programs, agents and the command line ask of the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from remora_hub.errors import UsageError
from remora_hub.feed.feed import Missed, Subscription
from remora_hub.query.records import NodeRecord, node_record
from remora_hub.server.backend import Backend
from remora_hub.server.connection import Connection, Method
from remora_hub.store.changes import Commit, Horizon

Limit = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class _Nothing(msgspec.Struct):
    pass


class _SyncParams(msgspec.Struct):
    timeout_s: Seconds | None = None


class _SymbolsParams(msgspec.Struct):
    query: str
    kind: str | None = None
    limit: Limit = 50
    sync: bool = False


class _OutlineParams(msgspec.Struct):
    path: str
    sync: bool = False


class _NodeParams(msgspec.Struct):
    key: str
    sync: bool = False


class _ChangesParams(msgspec.Struct):
    since: Annotated[int, msgspec.Meta(ge=0)]
    limit: Limit = 1000


class HubMethods:
    """Answers for one hub. Every answer from the index says how fresh it is: ``sequence`` and ``pending``."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def table(self) -> Mapping[str, Method]:
        """Each method's name, the type of its parameters, and the coroutine that answers."""
        return {
            "hub/status": (_Nothing, self._status),
            "hub/sync": (_SyncParams, self._sync),
            "hub/symbols": (_SymbolsParams, self._symbols),
            "hub/outline": (_OutlineParams, self._outline),
            "hub/node": (_NodeParams, self._node),
            "hub/changes": (_ChangesParams, self._changes),
            "hub/subscribe": (_Nothing, self._subscribe),
            "hub/shutdown": (_Nothing, self._shutdown),
        }

    async def _status(self, _connection: Connection, _params: _Nothing) -> dict[str, Any]:
        return await self._backend.status()

    async def _sync(self, _connection: Connection, params: _SyncParams) -> dict[str, Any]:
        await self._backend.sync(params.timeout_s)
        return self._fresh()

    async def _symbols(self, _connection: Connection, params: _SymbolsParams) -> dict[str, Any]:
        await self._sync_if(params.sync)
        freshness = self._fresh()
        found = await self._backend.search_symbols(params.query, params.kind, params.limit)
        return {"symbols": found, **freshness}

    async def _outline(self, _connection: Connection, params: _OutlineParams) -> dict[str, Any]:
        await self._sync_if(params.sync)
        freshness = self._fresh()
        rows = await self._backend.store.read(lambda reader: reader.rows_of([params.path]))
        nodes = [node_record(key, body) for _, file_rows in rows for key, body in file_rows]
        if not nodes and await self._backend.store.get_file(params.path) is None:
            raise UsageError("outline", params.path, "no such file in the index")
        return {"path": params.path, "nodes": nodes, **freshness}

    async def _node(self, _connection: Connection, params: _NodeParams) -> dict[str, Any]:
        await self._sync_if(params.sync)
        freshness = self._fresh()
        text = await self._backend.store.read(lambda reader: reader.record(params.key))
        if text is None or not params.key.startswith("node:"):
            raise UsageError("show", params.key, "no such node in the index")
        return {"node": {**msgspec.json.decode(text), **_derived(node_record(params.key, text))}, **freshness}

    async def _changes(self, _connection: Connection, params: _ChangesParams) -> dict[str, Any]:
        found = await self._backend.store.changes_since(params.since, params.limit)
        if isinstance(found, Horizon):
            return {"rescan": {"oldest": found.oldest, "sequence": found.sequence}, "commits": []}
        return {"rescan": None, "commits": [_commit(commit) for commit in found], **self._fresh()}

    async def _subscribe(self, connection: Connection, _params: _Nothing) -> dict[str, Any]:
        subscription = self._backend.feed.subscribe()
        connection.spawn(_forward(subscription, connection))
        return self._fresh()

    async def _shutdown(self, _connection: Connection, _params: _Nothing) -> dict[str, Any]:
        asyncio.get_running_loop().call_soon(self._backend.stop)  # behind the answer
        return {}

    async def _sync_if(self, wanted: bool) -> None:
        if wanted:
            await self._backend.sync(None)

    def _fresh(self) -> dict[str, Any]:
        return {"sequence": self._backend.store.sequence(), "pending": self._backend.pending}


async def _forward(subscription: Subscription, connection: Connection) -> None:
    """Send commits as ``hub/changed`` and gaps as ``hub/rescan`` until the connection ends."""
    try:
        async for event in subscription:
            if isinstance(event, Missed):
                await connection.notify("hub/rescan", {"since": event.since})
            else:
                await connection.notify("hub/changed", _commit(event))
    finally:
        subscription.close()


def _commit(commit: Commit) -> dict[str, Any]:
    return {"seq": commit.seq, "at": commit.at, "files": commit.files, "changes": commit.changes}


def _derived(record: NodeRecord) -> dict[str, Any]:
    return {"key": record.key, "name": record.name, "line": record.line, "end_line": record.end_line}
