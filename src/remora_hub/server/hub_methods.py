"""The ``hub/*`` methods: what programs, agents and the command line ask of the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from remora_hub.answers import FileRecord
from remora_hub.errors import HubError, UsageError
from remora_hub.feed.feed import Missed, Subscription
from remora_hub.feed.history import read_page
from remora_hub.kinds import FileStatus, NodeKind
from remora_hub.metrics.catalogue import Samples
from remora_hub.query.records import file_record, node_detail, node_record
from remora_hub.query.run_counts import counts_since
from remora_hub.query.symbol_rows import as_symbol
from remora_hub.server.backend import Backend
from remora_hub.server.connection import Connection, Method
from remora_hub.server.late_methods import LateMethods
from remora_hub.server.param_types import Key, Path
from remora_hub.store.changes import Commit, Horizon
from remora_hub.store.keys import FILE_PREFIX, NODE_PREFIX
from remora_hub.store.reader import Reader

Limit = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Query = Annotated[str, msgspec.Meta(max_length=1000)]  # what it costs grows with every letter
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Word = Annotated[str, msgspec.Meta(max_length=100)]
Sequence = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class _Nothing(msgspec.Struct):
    pass


class _SyncParams(msgspec.Struct):
    timeout_s: Seconds | None = None


class _MetricsParams(msgspec.Struct):
    format: Literal["json", "prometheus"] = "json"


class _SymbolsParams(msgspec.Struct):
    query: Query
    kind: Word | None = None
    path: Path | None = None
    limit: Limit = 50
    sync: bool = False


class _SearchParams(msgspec.Struct):
    query: Query
    kind: Word | None = None
    path: Path | None = None
    limit: Limit = 10
    sync: bool = False


class _OutlineParams(msgspec.Struct):
    path: Path
    sync: bool = False


class _NodeParams(msgspec.Struct):
    key: Key
    sync: bool = False


class _FilesParams(msgspec.Struct):
    status: Word | None = None
    after: Path = ""
    limit: Limit = 1000
    sync: bool = False


class _ChangesParams(msgspec.Struct):
    since: Sequence
    limit: Limit = 1000
    index_id: str | None = None


class _CountsParams(msgspec.Struct):
    since: Sequence
    index_id: str


def hub_methods(backend: Backend) -> LateMethods:
    """All ``hub/*`` methods: their names, the types of their parameters, and the coroutines that answer."""
    own = HubMethods(backend)

    def marked(table: Mapping[str, Method]) -> Mapping[str, Method]:
        return {name: (params, _marked(backend, answer)) for name, (params, answer) in table.items()}

    def questions() -> Mapping[str, Method]:
        from remora_hub.server.hub_questions import HubQuestions

        return marked(HubQuestions(backend, own.ready).table())

    return LateMethods(marked(own.table()), questions)


def _marked(
    backend: Backend, answer: Callable[[Connection, Any], Awaitable[object]]
) -> Callable[[Connection, Any], Awaitable[object]]:
    """Errors say as answers do what keeps the hub from knowing: what it does not find may be there."""

    async def answered(connection: Connection, params: Any) -> object:
        try:
            return await answer(connection, params)
        except HubError as error:
            error.degraded = backend.degraded
            raise

    return answered


class HubMethods:
    """Answers for one hub.

    Every answer from the index says how fresh it is: it holds all commits up to ``sequence``, while ``pending`` files
    were known to be behind the disk; ``degraded`` says what keeps the hub from knowing or catching up. Sequence numbers
    count the commits of the index named by ``index_id``: a client that meets another id than before has to read
    everything again.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def table(self) -> Mapping[str, Method]:
        """Each method's name, the type of its parameters, and the coroutine that answers."""
        return {
            "hub/status": (_Nothing, self._status),
            "hub/metrics": (_MetricsParams, self._metrics),
            "hub/sync": (_SyncParams, self._sync),
            "hub/symbols": (_SymbolsParams, self._symbols),
            "hub/search": (_SearchParams, self._search),
            "hub/outline": (_OutlineParams, self._outline),
            "hub/node": (_NodeParams, self._node),
            "hub/files": (_FilesParams, self._files),
            "hub/changes": (_ChangesParams, self._changes),
            "hub/counts": (_CountsParams, self._counts),
            "hub/subscribe": (_Nothing, self._subscribe),
            "hub/reload": (_Nothing, self._reload),
            "hub/shutdown": (_Nothing, self._shutdown),
        }

    async def _status(self, _connection: Connection, _params: _Nothing) -> dict[str, Any]:
        return await self._backend.status()

    async def _metrics(self, _connection: Connection, params: _MetricsParams) -> dict[str, Any]:
        """``metrics`` by name, those with a label by its values, histograms as ``Distribution``; or ``text``."""
        samples = await self._backend.metrics()
        if params.format == "json":
            return {"metrics": {metric.name: value for metric, value in samples.items()}}
        return {"text": await asyncio.to_thread(_text, samples)}

    async def _sync(self, _connection: Connection, params: _SyncParams) -> dict[str, Any]:
        await self._backend.opened()
        await self._backend.sync(params.timeout_s)
        return self._fresh()

    async def _symbols(self, _connection: Connection, params: _SymbolsParams) -> dict[str, Any]:
        _check_one_of(NodeKind, params.kind)
        freshness = await self.ready(sync=params.sync)
        found = await self._backend.search_symbols(
            params.query, params.kind, params.limit, params.path, show=as_symbol()
        )
        return {"symbols": found, **freshness}

    async def _search(self, _connection: Connection, params: _SearchParams) -> dict[str, Any]:
        """``hits`` with scores and reasons; ``note`` where the meaning played no part."""
        _check_one_of(NodeKind, params.kind)
        freshness = await self.ready(sync=params.sync)
        found = await self._backend.search(params.query, params.kind, params.limit, params.path)
        return {"hits": found.hits, "note": found.note, **freshness}

    async def _outline(self, _connection: Connection, params: _OutlineParams) -> dict[str, Any]:
        freshness = await self.ready(sync=params.sync)

        def outline(reader: Reader) -> dict[str, Any]:
            text = reader.record(FILE_PREFIX + params.path)
            if text is None:
                raise UsageError("outline", params.path, "no such file in the index")
            [(_, rows)] = reader.rows_of([params.path])
            nodes = [node_record(key, body) for key, body in rows]
            return {"path": params.path, "file": file_record(text), "nodes": nodes}

        self._backend.viewed.note(params.path)
        found = await self._backend.store.read(outline)
        return {**found, **freshness}

    async def _node(self, _connection: Connection, params: _NodeParams) -> dict[str, Any]:
        freshness = await self.ready(sync=params.sync)
        text = None
        if params.key.startswith(NODE_PREFIX):
            self._backend.viewed.note_node(params.key)
            text = await self._backend.store.read(lambda reader: reader.record(params.key))
        if text is None:
            raise UsageError("show", params.key, "no such node in the index")
        detail = node_detail(params.key, text)
        summaries = self._backend.summaries
        if summaries.are_there:
            detail.summary = await self._backend.ask(lambda index: summaries.of(index, params.key))
        return {"node": detail, **freshness}

    async def _files(self, _connection: Connection, params: _FilesParams) -> dict[str, Any]:
        """Files by path, of one ``FileStatus`` or all; ``more`` says that others follow ``after`` the last one."""
        _check_one_of(FileStatus, params.status)
        freshness = await self.ready(sync=params.sync)

        def files(reader: Reader) -> tuple[list[FileRecord], bool]:
            paths = [path for path in reader.paths(None, params.status) if path > params.after]
            texts = (reader.record(FILE_PREFIX + path) for path in paths[: params.limit])
            return [file_record(text) for text in texts if text is not None], len(paths) > params.limit

        found, more = await self._backend.store.read(files)
        return {"files": found, "more": more, **freshness}

    async def _changes(self, _connection: Connection, params: _ChangesParams) -> dict[str, Any]:
        """Commits after ``since``; ``more`` says that others follow the last one. ``rescan`` where the feed cannot
        tell: it does not reach back so far, or ``since`` is not of this index.
        """
        freshness = await self.ready(sync=False)
        if params.index_id not in (None, freshness["index_id"]):
            horizon: Horizon | None = Horizon(freshness["sequence"], freshness["sequence"])
            commits: list[Commit] = []
        else:
            page = await read_page(self._backend.store, params.since, params.limit)
            horizon, commits = page.horizon, page.commits
        return {
            "rescan": None if horizon is None else {"oldest": horizon.oldest, "sequence": horizon.sequence},
            "commits": [_commit(commit) for commit in commits],
            "more": bool(commits) and commits[-1].seq < freshness["sequence"],
            **freshness,
        }

    async def _counts(self, _connection: Connection, params: _CountsParams) -> dict[str, Any]:
        freshness = await self.ready(sync=False)
        since = params.since if params.index_id == freshness["index_id"] else 0
        counts = await counts_since(self._backend.store, since)
        return {"counts": counts, **freshness}

    async def _subscribe(self, connection: Connection, _params: _Nothing) -> dict[str, Any]:
        """From now on ``hub/changed`` notifications, each a commit behind ``sequence``; ``hub/rescan`` where some were
        dropped, because the client is slow: ask ``hub/changes`` for those after ``since``. At last ``hub/closed``, when
        the index is closed or replaced: subscribe again and compare ``index_id``.
        """
        freshness = await self.ready(sync=False)
        subscription = self._backend.feed.subscribe()
        connection.spawn(_forward(subscription, connection, freshness["index_id"]))
        return {**freshness, "sequence": subscription.sequence}

    async def _reload(self, _connection: Connection, _params: _Nothing) -> dict[str, Any]:
        return await self._backend.reload()

    async def _shutdown(self, _connection: Connection, _params: _Nothing) -> dict[str, Any]:
        asyncio.get_running_loop().call_soon(self._backend.stop)  # behind the answer
        return {}

    async def ready(self, *, sync: bool) -> dict[str, Any]:
        """Wait for the store, and if wished for a sync; how fresh an answer read from now on is."""
        await self._backend.opened()
        if sync:
            await self._backend.sync(None)
        return self._fresh()

    def _fresh(self) -> dict[str, Any]:
        backend = self._backend
        store = backend.store
        return {
            "index_id": store.index_id,
            "sequence": store.sequence(),
            "pending": backend.pending,
            "degraded": backend.degraded,
        }


async def _forward(subscription: Subscription, connection: Connection, index_id: str) -> None:
    """Send commits and gaps until the connection or the subscription ends."""
    try:
        async for event in subscription:
            if isinstance(event, Missed):
                await connection.notify("hub/rescan", {"since": event.since, "index_id": index_id})
            else:
                await connection.notify("hub/changed", {**_commit(event), "index_id": index_id})
        await connection.notify("hub/closed", {"index_id": index_id})
    finally:
        subscription.close()


def _text(samples: Samples) -> str:
    from remora_hub.metrics.exposition import prometheus_text  # 60 ms, for the few who ask

    return prometheus_text(samples)


def _check_one_of(allowed: type[StrEnum], value: str | None) -> None:
    if value is not None and value not in list(allowed):
        raise UsageError("search for", ascii(value), f"there are {', '.join(allowed)}")


def _commit(commit: Commit) -> dict[str, Any]:
    return {"seq": commit.seq, "at": commit.at, "files": commit.files, "changes": commit.changes}
