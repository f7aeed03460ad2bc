"""How often each name stands in all code, and how often before an argument list: one pass over the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile
from remora_hub.syntax.roles import Imported
from remora_hub.syntax.usage import words_of

_INIT = ("__init__.py", "__init__.pyi")
_DEFINED = frozenset(("function", "method", "property", "class"))


class Defined(NamedTuple):
    """One function, method, property or class."""

    path: str
    suffix: str
    name: str
    kind: str
    line_count: int


class Tally(msgspec.Struct):
    """Counts by spelling, and what is ``defined`` outside of tests and stubs.

    ``mentions`` and ``calls`` count names by their UTF-8 form, in headers of definitions, too; ``definitions`` and
    ``headers`` count those. ``taken`` are the names that packages' ``__init__`` files import, ``starred`` the files of
    modules that a star imports.
    """

    mentions: Counter[bytes] = msgspec.field(default_factory=Counter)
    calls: Counter[bytes] = msgspec.field(default_factory=Counter)
    definitions: Counter[str] = msgspec.field(default_factory=Counter)
    headers: Counter[str] = msgspec.field(default_factory=Counter)
    defined: list[Defined] = msgspec.field(default_factory=list)
    taken: set[str] = msgspec.field(default_factory=set)
    starred: set[str] = msgspec.field(default_factory=set)

    def mentions_of(self, name: str) -> int:
        """How often a name stands anywhere but where something of that name is defined."""
        return self.mentions[name.encode()] - self.definitions[name]

    def calls_of(self, name: str) -> int:
        """How often a name stands before an argument list."""
        return self.calls[name.encode()] - self.headers[name]


def tally(index: Index, under: str | None) -> Tally:
    """Count in all files; ``defined`` is what lies at or below ``under``."""
    counts = Tally()
    for path in index.paths():
        file = index.file(path)
        if file is not None:
            _count(counts, file, is_wanted=_is_at_or_below(path, under))
            _count_imports(counts, index, file)
    return counts


def _count(counts: Tally, file: SourceFile, *, is_wanted: bool) -> None:
    words = words_of(file.code.mask)
    counts.mentions.update(words.replace(b"(", b" ").replace(b".", b" ").split())
    counts.calls.update(_called(words))
    is_wanted = is_wanted and not file.nodes[0].is_test and not file.path.endswith(".pyi")
    for node in file.nodes:
        if node.kind in _DEFINED:
            counts.definitions[node.name] += 1
            counts.headers[node.name] += node.is_function or node.signature.startswith("(")
            if is_wanted:
                lines = node.range[2] - node.range[0] + 1
                counts.defined.append(Defined(file.path, node.suffix, node.name, node.kind, lines))


def _count_imports(counts: Tally, index: Index, file: SourceFile) -> None:
    is_init = file.path.rpartition("/")[2] in _INIT
    for statement in file.imports:
        if is_init and (statement.module or statement.level):
            counts.taken.update(name.partition(" ")[0] for name in statement.names)
        if statement.names == ("*",):
            module = index.modules.find(Imported(statement.module, statement.level), file.path)
            counts.starred.update([module] if module is not None else [])


def _called(words: bytes) -> Iterator[bytes]:
    """The names before opening parentheses, the last part of dotted ones."""
    pieces = words.split(b"(")
    del pieces[-1]
    return (piece[max(piece.rfind(b" "), piece.rfind(b".")) + 1 :] for piece in pieces)


def _is_at_or_below(path: str, under: str | None) -> bool:
    return not under or path == under or path.startswith(under.rstrip("/") + "/")
