"""What the methods of a client return: the answer, and how fresh it is. Shapes of what is inside: ``answers``."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from remora_hub.answers import (
    Call,
    Definition,
    FileRecord,
    Hierarchy,
    Hover,
    Import,
    Item,
    NodeDetail,
    NodeRecord,
    Reference,
    Reported,
    SearchHit,
    Symbol,
    Test,
)

ServedBy = Literal["daemon", "local"]


class Fresh(msgspec.Struct, kw_only=True):
    """Every answer holds all commits up to ``sequence`` of the index ``index_id``.

    ``pending`` files were known to be behind the disk. Another ``index_id`` than before: forget what you know.
    ``degraded`` says what keeps the hub from watching, reading or writing just now, and the remedy.
    ``served_by`` is ``local`` where no daemon runs and this process brought the index up to date by itself.
    """

    index_id: str
    sequence: int
    pending: int
    degraded: str | None = None
    served_by: ServedBy = "daemon"


class Symbols(Fresh):
    """Symbols by name, the best match first."""

    symbols: list[Symbol]


class Search(Fresh):
    """What answers a question, the best first; ``note`` says why the meaning played no part, None where it did."""

    hits: list[SearchHit]
    note: str | None = None


class Outline(Fresh):
    """The nodes of one file in source order, the module first; its status and problems."""

    path: str
    file: FileRecord
    nodes: list[NodeRecord]


class Node(Fresh):
    """All that is known of one node."""

    node: NodeDetail


class Definitions(Fresh):
    """Where a name is defined; several where it may be any of them, better ones first, ``certain`` then False."""

    definitions: list[Definition]
    certain: bool


class References(Fresh):
    """Mentions of a symbol by file and place; ``more`` says that the limit left some out."""

    references: list[Reference]
    more: bool = False


class HoverAnswer(Fresh):
    """What is to be said of a name; None where there is none."""

    hover: Hover | None


class Calls(Fresh):
    """The callers or the callees of ``item``; None where there is nothing that could call or be called."""

    item: Item | None
    calls: list[Call]


class HierarchyAnswer(Fresh):
    """A class or method among its relatives; None where there is neither."""

    hierarchy: Hierarchy | None


class Imports(Fresh):
    """Who imports a module, or a name from it."""

    importers: list[Import]


class Tests(Fresh):
    """The tests of a symbol, the nearest first."""

    tests: list[Test]


class Exercised(Fresh):
    """What a test exercises, the nearest first."""

    symbols: list[Test]


class Report(Fresh):
    """The lines of a report, the foremost first."""

    report: list[Reported]


class Files(Fresh):
    """Files by path; ``more`` says that others follow the last one."""

    files: list[FileRecord]
    more: bool


class Change(msgspec.Struct, frozen=True):
    """What happened to one node: ``from_key`` is where a moved one was."""

    kind: Literal["added", "changed", "moved", "removed"]
    key: str
    from_key: str | None = None


class Commit(msgspec.Struct, frozen=True):
    """One committed transaction: the paths whose records changed, and every change. ``at`` is Unix seconds."""

    seq: int
    at: float
    files: list[str]
    changes: list[Change]


class Horizon(msgspec.Struct, frozen=True):
    """The feed knows commits from ``oldest`` on, up to ``sequence``."""

    oldest: int
    sequence: int


class Changes(Fresh):
    """Commits in order; ``more`` follow. ``rescan`` where the feed cannot tell: read everything again."""

    commits: list[Commit]
    more: bool
    rescan: Horizon | None = None


class Changed(Commit, frozen=True, kw_only=True):
    """A commit, as a subscription tells it."""

    index_id: str


class Rescan(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription cannot tell what changed up to ``sequence``: read everything again; it goes on behind that."""

    sequence: int
    index_id: str


Status = dict[str, Any]
"""How the hub stands, as the protocol has it: ``state``, ``files``, ``nodes``, ``pending``, ``problems``, ..."""
