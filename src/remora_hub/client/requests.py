"""Every question a client can ask: the method on the wire, its parameters, and the type of the answer."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from remora_hub.answers import Definition, Item, NodeRecord, Place, Span, Symbol
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

T = TypeVar("T")

Subject = str | Place | Span | Item | Symbol | NodeRecord
"""What a question is about: the key of a node (with or without ``node:``), a place where its name stands, or anything
an earlier answer said of it."""

ReportName = Literal["unused", "most_called"]


class Request(msgspec.Struct, Generic[T], frozen=True):
    """One question. ``extra_s`` is how long the hub may rightly take beyond the usual.

    ``needs_daemon`` where only a daemon can answer.
    """

    method: str
    params: dict[str, Any]
    answer: type[T]
    extra_s: float = 0.0
    needs_daemon: bool = False


def status() -> Request[Status]:
    """How the daemon stands."""
    return Request("hub/status", {}, dict, needs_daemon=True)


def sync(timeout_s: float | None) -> Request[Fresh]:
    """Wait until the index equals the disk."""
    return Request("hub/sync", {"timeout_s": timeout_s}, Fresh, timeout_s or 0.0)


def symbols(query: str, kind: str | None, path: str | None, limit: int, sync: bool) -> Request[Symbols]:
    """Symbols by name."""
    params = {"query": query, "kind": kind, "limit": limit, "sync": sync}
    if path is not None:
        params["path"] = path
    return Request("hub/symbols", params, Symbols)


def search(query: str, kind: str | None, path: str | None, limit: int, sync: bool) -> Request[Search]:
    """Nodes by meaning, names and text. The first question reads all words and vectors, and loads the model."""
    params = {"query": query, "kind": kind, "limit": limit, "sync": sync}
    if path is not None:
        params["path"] = path
    return Request("hub/search", params, Search, extra_s=30.0)


def outline(path: str, sync: bool) -> Request[Outline]:
    """The nodes of a file."""
    return Request("hub/outline", {"path": path, "sync": sync}, Outline)


def node(key: str, sync: bool) -> Request[Node]:
    """One node with its history."""
    return Request("hub/node", {"key": node_key(key), "sync": sync}, Node)


def definition(subject: Subject, sync: bool) -> Request[Definitions]:
    """Where something is defined."""
    return Request("hub/definition", _about(subject, sync), Definitions)


def references(subject: Subject, include_definition: bool, limit: int, sync: bool) -> Request[References]:
    """Where something is mentioned."""
    params = {"include_definition": include_definition, "limit": limit}
    return Request("hub/references", _about(subject, sync) | params, References)


def hover(subject: Subject, sync: bool) -> Request[HoverAnswer]:
    """What is to be said of a name."""
    return Request("hub/hover", _about(subject, sync), HoverAnswer)


def callers(subject: Subject, sync: bool) -> Request[Calls]:
    """Who calls it."""
    return Request("hub/callers", _about(subject, sync), Calls)


def callees(subject: Subject, sync: bool) -> Request[Calls]:
    """Whom it calls."""
    return Request("hub/callees", _about(subject, sync), Calls)


def hierarchy(subject: Subject, sync: bool) -> Request[HierarchyAnswer]:
    """Bases and subclasses of a class; what a method overrides and what overrides it."""
    return Request("hub/hierarchy", _about(subject, sync), HierarchyAnswer)


def importers(path: str | None, module: str | None, sync: bool) -> Request[Imports]:
    """Who imports a module, given by its file or its dotted name."""
    if (path is None) == (module is None):
        raise TypeError("importers() takes either a path or a module")
    named = {"path": path} if module is None else {"module": module}
    return Request("hub/importers", {**named, "sync": sync}, Imports)


def tests(subject: Subject, sync: bool) -> Request[Tests]:
    """The tests of a symbol."""
    return Request("hub/tests", _about(subject, sync), Tests)


def exercised(subject: Subject, sync: bool) -> Request[Exercised]:
    """What a test exercises."""
    return Request("hub/exercised", _about(subject, sync), Exercised)


def report(name: ReportName, path: str | None, limit: int, sync: bool) -> Request[Report]:
    """A report over everything below ``path``."""
    return Request("hub/report", {"name": name, "path": path, "limit": limit, "sync": sync}, Report)


def files(status: str | None, after: str, limit: int, sync: bool) -> Request[Files]:
    """Files and their statuses."""
    return Request("hub/files", {"status": status, "after": after, "limit": limit, "sync": sync}, Files)


def changes(since: int, index_id: str | None, limit: int) -> Request[Changes]:
    """Commits behind a sequence number."""
    return Request("hub/changes", {"since": since, "index_id": index_id, "limit": limit}, Changes)


def subscribe() -> Request[Fresh]:
    """Be told of every commit from now on."""
    return Request("hub/subscribe", {}, Fresh, needs_daemon=True)


def node_key(key: str) -> str:
    """``key`` with its ``node:``."""
    return key if key.startswith("node:") else f"node:{key}"


def _about(subject: Subject, sync: bool) -> dict[str, Any]:
    if isinstance(subject, str):
        return {"key": node_key(subject), "sync": sync}
    if isinstance(subject, (Item, Symbol, NodeRecord)):
        return {"key": subject.key, "sync": sync}
    if isinstance(subject, Definition) and subject.key is not None:
        return {"key": subject.key, "sync": sync}
    return {"path": subject.path, "line": subject.line, "column": subject.column, "sync": sync}
