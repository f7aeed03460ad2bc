"""The shapes of answers, shared by whoever gives them and whoever asks. It imports nothing of either.

Lines are 1-based; columns are 0-based and count UTF-8 bytes; paths are relative to the root.

``certain`` is False where the target could not be decided: what is given then is a candidate, better ones first.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["definition", "write", "read", "import"]

Range = tuple[int, int, int, int]
"""``(line, column, end_line, end_column)``; the end is behind the last character."""


class Place(msgspec.Struct, frozen=True):
    """A place in a file."""

    path: str
    line: int
    column: int


class Span(msgspec.Struct, frozen=True, gc=False):
    """A name where it stands in a file."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


class Definition(Span, frozen=True, kw_only=True):
    """Where something is defined: the span is its name's.

    ``kind`` is a ``NodeKind``, or ``parameter``, ``local``, ``import`` for what is no node. ``key`` is that of the
    node, None if it is none; ``container`` is the key of the definition it stands in. ``range`` is the whole
    definition. ``detail`` is its declaration on one line. An ``import`` is where a name comes in whose origin is
    outside the index; it is never certain.
    """

    name: str
    kind: str
    range: Range
    key: str | None = None
    container: str | None = None
    detail: str = ""
    certain: bool = True


class Reference(Span, frozen=True, kw_only=True):
    """One mention of a symbol; ``container`` is the key of the innermost definition (or module) it stands in."""

    role: Role
    container: str
    certain: bool = True


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One node: ``range`` is the whole definition, ``name_range`` its name."""

    key: str
    name: str
    kind: str
    qualname: str
    path: str
    range: Range
    name_range: Range
    signature: str = ""
    docstring: str | None = None
    is_test: bool = False
    is_async: bool = False


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One caller or callee, and where the calls stand (in the caller's file)."""

    item: Item
    places: list[Span]
    certain: bool = True


class Hierarchy(msgspec.Struct, frozen=True, kw_only=True):
    """A class or method among its relatives, nearest first.

    For a class: its bases and the classes derived from it, each list transitive. For a method: what it overrides and
    what overrides it.
    """

    item: Item
    supertypes: list[Item]
    subtypes: list[Item]


class Import(Span, frozen=True, kw_only=True):
    """One import of a module, or of a name from it: the span is the whole statement."""

    module: str
    names: list[str]
    type_checking: bool = False


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a symbol: ``distance`` is 1 where it mentions it itself, more by calls in between (``via``: keys)."""

    item: Item
    distance: int
    via: list[str] = []


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wrote on a node, on one line. ``is_stale``: of what the node was before."""

    text: str
    model: str
    is_stale: bool = False


class Hover(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a name: ``declaration`` is one line of Python; ``callers`` counts definitions that call it."""

    definition: Definition
    declaration: str
    docstring: str | None = None
    callers: int | None = None
    span: Span | None = None
    summary: Summary | None = None


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report: ``count`` is how often the symbol is called; ``reason`` says why it is listed."""

    item: Item
    count: int
    reason: str = ""


class Symbol(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One node as search shows it; ``line`` is 1-based, ``column`` 0-based.

    ``column`` counts UTF-8 bytes, or the units of another encoding if the search was asked for that.

    ``provisional``: found by its spelling in a file that is still to be indexed; nothing else is known of it yet.
    """

    name: str
    kind: str
    qualname: str
    path: str
    line: int
    column: int
    key: str
    provisional: bool = False


SearchReason = Literal["meaning", "name", "text"]


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a search: a node as ``Symbol`` shows it, with the first line of its docstring.

    ``score`` is 1 at most. ``reasons`` say why it was found: its meaning is near the question's, words of the question
    are in its name or what it stands in, or in its docstring or path.
    """

    name: str
    kind: str
    qualname: str
    path: str
    line: int
    column: int
    key: str
    score: float
    reasons: list[SearchReason]
    docstring: str | None = None


class SearchResults(msgspec.Struct, frozen=True):
    """The best hits first; ``note`` says why the meaning played no part, None where it did."""

    hits: list[SearchHit]
    note: str | None = None


class NodeRecord(msgspec.Struct):
    """One node, without version and times: the fields of ``model.NodeState``.

    ``key``, ``name``, ``line`` and ``end_line`` are derived.
    """

    path: str
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    digest: str
    key: str = ""
    name: str = ""
    line: int = 0
    end_line: int = 0
    name_at: tuple[int, int] | None = None
    ordinal: int = 1
    signature: str = ""
    docstring: str | None = None
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    complexity: int = 1
    typed: tuple[int, int] | None = None
    is_async: bool = False
    is_test: bool = False
    is_exported: bool = True


class NodeDetail(NodeRecord, kw_only=True):
    """One node with its history; ``created_at`` and ``updated_at`` are Unix seconds.

    ``summary`` is no part of its record, but of what models wrote.
    """

    version: int
    created_at: float
    updated_at: float
    docstring_outdated: bool = False
    documented_signature: str | None = None
    summary: Summary | None = None


class FileRecord(msgspec.Struct):
    """One file, as in ``model.FileIndex``, without version, times, imports and exports."""

    path: str
    status: str = "indexed"
    detail: str = ""
    digest: str = ""
    size: int = 0
    line_count: int = 0
    encoding: str = "utf-8"
    newline: str = "lf"
    node_count: int = 0
    problems: tuple[dict[str, Any], ...] = ()
