"""The blocking client: every question to the hub as a method, with typed answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from remora_hub.client import requests
from remora_hub.client.blocking import LONGEST_ANSWER_S
from remora_hub.client.context import MAX_BYTES, MOST_RELATIVES, Context, ContextQuestion
from remora_hub.client.link import Link, project_paths, start_daemon
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
from remora_hub.client.subscription import Subscription


def connect(
    root: str | Path | None = None,
    *,
    state_dir: str | Path | None = None,
    start: bool = False,
    timeout_s: float = LONGEST_ANSWER_S,
) -> Client:
    """A client of the hub of ``root`` (default: the project the current directory lies in).

    Where no daemon runs, ``start`` starts one; without it this process brings the index up to date at each question
    and answers from it, as long as no more than ``client.max_adhoc_files`` files are stale: ``answer.served_by`` then
    says ``local``. ``timeout_s`` is the longest wait for an answer.
    Raises RootError; HubError if a daemon does not start.
    """
    paths = project_paths(root, state_dir)
    if start:
        link = Link(paths, start=start_daemon, timeout_s=timeout_s)
        link.open()
    else:
        link = Link(paths, local=answer_here, timeout_s=timeout_s)
    return Client(link)


class Client:
    """A context manager, made by ``connect``; threads may share it and take turns.

    Every method but ``status`` takes ``sync=True`` to wait first until everything on disk is in the index. Raises the
    hub's own errors (``remora_hub.errors``): UsageError for what is not in the index, SyncTimeoutError, NotRunningError
    where nobody can answer.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def root(self) -> Path:
        """The root that paths in answers are relative to."""
        return self._link.paths.root

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def status(self) -> Status:
        """How the daemon stands. Raises NotRunningError where there is none."""
        return self._link.ask(requests.status())

    def sync(self, timeout_s: float | None = None) -> Fresh:
        """Return once the index equals the disk. Raises SyncTimeoutError (default: ``server.sync_timeout_s``)."""
        return self._link.ask(requests.sync(timeout_s))

    def symbols(
        self,
        query: str,
        *,
        kind: str | None = None,
        path: str | None = None,
        limit: int = 50,
        sync: bool = False,
    ) -> Symbols:
        """The best ``limit`` symbols by name, of one ``kind``, below ``path`` (a file, a directory or a glob)."""
        return self._link.ask(requests.symbols(query, kind, path, limit, sync))

    def search(
        self,
        query: str,
        *,
        kind: str | None = None,
        path: str | None = None,
        limit: int = 10,
        sync: bool = False,
    ) -> Search:
        """The ``limit`` nodes that answer a question best, by meaning, names and text; otherwise as ``symbols``."""
        return self._link.ask(requests.search(query, kind, path, limit, sync))

    def outline(self, path: str, *, sync: bool = False) -> Outline:
        """The nodes of the file at ``path``."""
        return self._link.ask(requests.outline(path, sync))

    def node(self, key: str, *, sync: bool = False) -> Node:
        """All that is known of the node ``key``, with its history."""
        return self._link.ask(requests.node(key, sync))

    def definition(self, subject: Subject, *, sync: bool = False) -> Definitions:
        """Where the name at a place is defined."""
        return self._link.ask(requests.definition(subject, sync))

    def references(
        self, subject: Subject, *, include_definition: bool = True, limit: int = 10_000, sync: bool = False
    ) -> References:
        """Where a symbol is mentioned."""
        return self._link.ask(requests.references(subject, include_definition, limit, sync))

    def hover(self, subject: Subject, *, sync: bool = False) -> HoverAnswer:
        """The declaration and documentation of a name."""
        return self._link.ask(requests.hover(subject, sync))

    def callers(self, subject: Subject, *, sync: bool = False) -> Calls:
        """The definitions that call it, and where."""
        return self._link.ask(requests.callers(subject, sync))

    def callees(self, subject: Subject, *, sync: bool = False) -> Calls:
        """The definitions it calls, and where."""
        return self._link.ask(requests.callees(subject, sync))

    def hierarchy(self, subject: Subject, *, sync: bool = False) -> HierarchyAnswer:
        """Bases and subclasses of a class; what a method overrides, and what overrides it."""
        return self._link.ask(requests.hierarchy(subject, sync))

    def importers(self, *, path: str | None = None, module: str | None = None, sync: bool = False) -> Imports:
        """Who imports the module in the file at ``path``, or of the dotted name ``module``."""
        return self._link.ask(requests.importers(path, module, sync))

    def tests(self, subject: Subject, *, sync: bool = False) -> Tests:
        """The tests of a symbol."""
        return self._link.ask(requests.tests(subject, sync))

    def exercised(self, subject: Subject, *, sync: bool = False) -> Exercised:
        """The symbols a test exercises."""
        return self._link.ask(requests.exercised(subject, sync))

    def report(
        self, name: ReportName, *, path: str | None = None, limit: int = 50, sync: bool = False
    ) -> Report:
        """The first ``limit`` lines of a report over everything below ``path``."""
        return self._link.ask(requests.report(name, path, limit, sync))

    def files(
        self, *, status: str | None = None, after: str = "", limit: int = 1000, sync: bool = False
    ) -> Files:
        """Files behind ``after`` by path, of one ``FileStatus`` or all."""
        return self._link.ask(requests.files(status, after, limit, sync))

    def changes(self, since: int, *, index_id: str | None = None, limit: int = 1000) -> Changes:
        """Commits behind number ``since`` of the index ``index_id``."""
        return self._link.ask(requests.changes(since, index_id, limit))

    def subscribe(self, *, since: int | None = None, index_id: str | None = None) -> Subscription:
        """Be told of every commit from now on, or behind ``since``. Raises NotRunningError without a daemon."""
        return Subscription(self._link, since, index_id)

    def get_context(
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
            self.sync()
        return question.gather(self.root, self._link.ask_all(question.requests()))
