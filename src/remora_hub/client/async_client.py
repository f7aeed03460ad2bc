"""The asynchronous client: every question to the hub as a coroutine, with typed answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from remora_hub.client import requests
from remora_hub.client.async_link import AsyncLink
from remora_hub.client.async_subscription import AsyncSubscription
from remora_hub.client.blocking import LONGEST_ANSWER_S
from remora_hub.client.context import MAX_BYTES, MOST_RELATIVES, Context, ContextQuestion
from remora_hub.client.link import project_paths, start_daemon
from remora_hub.client.local import answer_here
from remora_hub.client.requests import ReportName, Subject
from remora_hub.client.results import (
    Calls,
    Changes,
    Definitions,
    Exercised,
    Files,
    Fresh,
    HierarchyAnswer,
    HoverAnswer,
    Imports,
    Node,
    Outline,
    References,
    Report,
    Search,
    Status,
    Symbols,
    Tests,
)


async def connect_async(
    root: str | Path | None = None,
    *,
    state_dir: str | Path | None = None,
    start: bool = False,
    timeout_s: float = LONGEST_ANSWER_S,
) -> AsyncClient:
    """As ``connect``, for an event loop."""
    paths = project_paths(root, state_dir)
    if start:
        link = AsyncLink(paths, start=start_daemon, timeout_s=timeout_s)
        await link.open()
    else:
        link = AsyncLink(paths, local=answer_here, timeout_s=timeout_s)
    return AsyncClient(link)


class AsyncClient:
    """An asynchronous context manager, made by ``connect_async``; as ``Client``, for any number of tasks at a time.

    Belongs to one event loop. A task that is cancelled cancels its request in the hub.
    """

    def __init__(self, link: AsyncLink) -> None:
        self._link = link

    @property
    def root(self) -> Path:
        """The root that paths in answers are relative to."""
        return self._link.paths.root

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()

    async def status(self) -> Status:
        """How the daemon stands. Raises NotRunningError where there is none."""
        return await self._link.ask(requests.status())

    async def sync(self, timeout_s: float | None = None) -> Fresh:
        """Return once the index equals the disk. Raises SyncTimeoutError (default: ``server.sync_timeout_s``)."""
        return await self._link.ask(requests.sync(timeout_s))

    async def symbols(
        self,
        query: str,
        *,
        kind: str | None = None,
        path: str | None = None,
        limit: int = 50,
        sync: bool = False,
    ) -> Symbols:
        """The best ``limit`` symbols by name, of one ``kind``, below ``path`` (a file, a directory or a glob)."""
        return await self._link.ask(requests.symbols(query, kind, path, limit, sync))

    async def search(
        self,
        query: str,
        *,
        kind: str | None = None,
        path: str | None = None,
        limit: int = 10,
        sync: bool = False,
    ) -> Search:
        """The ``limit`` nodes that answer a question best, by meaning, names and text; otherwise as ``symbols``."""
        return await self._link.ask(requests.search(query, kind, path, limit, sync))

    async def outline(self, path: str, *, sync: bool = False) -> Outline:
        """The nodes of the file at ``path``."""
        return await self._link.ask(requests.outline(path, sync))

    async def node(self, key: str, *, sync: bool = False) -> Node:
        """All that is known of the node ``key``, with its history."""
        return await self._link.ask(requests.node(key, sync))

    async def definition(self, subject: Subject, *, sync: bool = False) -> Definitions:
        """Where the name at a place is defined."""
        return await self._link.ask(requests.definition(subject, sync))

    async def references(
        self, subject: Subject, *, include_definition: bool = True, limit: int = 10_000, sync: bool = False
    ) -> References:
        """Where a symbol is mentioned."""
        return await self._link.ask(requests.references(subject, include_definition, limit, sync))

    async def hover(self, subject: Subject, *, sync: bool = False) -> HoverAnswer:
        """The declaration and documentation of a name."""
        return await self._link.ask(requests.hover(subject, sync))

    async def callers(self, subject: Subject, *, sync: bool = False) -> Calls:
        """The definitions that call it, and where."""
        return await self._link.ask(requests.callers(subject, sync))

    async def callees(self, subject: Subject, *, sync: bool = False) -> Calls:
        """The definitions it calls, and where."""
        return await self._link.ask(requests.callees(subject, sync))

    async def hierarchy(self, subject: Subject, *, sync: bool = False) -> HierarchyAnswer:
        """Bases and subclasses of a class; what a method overrides, and what overrides it."""
        return await self._link.ask(requests.hierarchy(subject, sync))

    async def importers(
        self, *, path: str | None = None, module: str | None = None, sync: bool = False
    ) -> Imports:
        """Who imports the module in the file at ``path``, or of the dotted name ``module``."""
        return await self._link.ask(requests.importers(path, module, sync))

    async def tests(self, subject: Subject, *, sync: bool = False) -> Tests:
        """The tests of a symbol."""
        return await self._link.ask(requests.tests(subject, sync))

    async def exercised(self, subject: Subject, *, sync: bool = False) -> Exercised:
        """The symbols a test exercises."""
        return await self._link.ask(requests.exercised(subject, sync))

    async def report(
        self, name: ReportName, *, path: str | None = None, limit: int = 50, sync: bool = False
    ) -> Report:
        """The first ``limit`` lines of a report over everything below ``path``."""
        return await self._link.ask(requests.report(name, path, limit, sync))

    async def files(
        self, *, status: str | None = None, after: str = "", limit: int = 1000, sync: bool = False
    ) -> Files:
        """Files behind ``after`` by path, of one ``FileStatus`` or all."""
        return await self._link.ask(requests.files(status, after, limit, sync))

    async def changes(self, since: int, *, index_id: str | None = None, limit: int = 1000) -> Changes:
        """Commits behind number ``since`` of the index ``index_id``."""
        return await self._link.ask(requests.changes(since, index_id, limit))

    async def subscribe(self, *, since: int | None = None, index_id: str | None = None) -> AsyncSubscription:
        """Be told of every commit from now on, or behind ``since``. Raises NotRunningError without a daemon."""
        return await AsyncSubscription.begin(self._link, since, index_id)

    async def get_context(
        self,
        keys: Sequence[str],
        *,
        source: bool = True,
        callees: int = MOST_RELATIVES,
        callers: int = MOST_RELATIVES,
        tests: int = MOST_RELATIVES,
        max_bytes: int = MAX_BYTES,
        sync: bool = False,
    ) -> Context:
        """For each key the record, the source on disk, what it calls, who calls it, its tests: at most so many of each.

        All of it takes at most ``max_bytes`` bytes of JSON; a key without room, or unknown, has a ``problem``.
        Raises the hub's error if it knows none of the keys.
        """
        question = ContextQuestion(keys, source, callees, callers, tests, max_bytes)
        if sync:
            await self.sync()
        answers = await self._link.ask_all(question.requests())
        return await asyncio.to_thread(question.gather, self.root, answers)  # it reads files
