"""Which classes derive from a class: found by how bases are spelled, decided by what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.resolution.values import ClassValue
from remora_hub.query.source_file import SourceFile

ClassKey = tuple[str, str]
"""Path and suffix, as ``ClassValue.key``."""

_WORD = re.compile(r"\w+")
_ALIASED = re.compile(r"(?::.*)?= ?(?:\w+\.)*+(\w+)(?:\[.*\])?")
_VARIABLES = frozenset(("variable", "constant", "type_alias", "class_variable"))
_MOST_SEARCHES = 12
"""Searches for one name each before all files are read once instead."""

_MOST_CLASSES_A_RESOLVER = 400
"""What a resolver found out keeps files in memory; a hierarchy may lead through thousands."""


class Subclasses:
    """Finds the classes that derive from others, for one question."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._resolver = Resolver(index)
        self._resolved = 0
        self._searches = 0
        self._bases: dict[ClassKey, list[ClassKey]] = {}
        self._spelled = _Spelled()

    def direct(self, key: ClassKey) -> list[ClassKey]:
        """The classes that have the class itself among their bases, by path and position."""
        names = [key[1].partition("#")[0].rpartition(".")[2]]
        found: dict[ClassKey, None] = {}
        for name in names:
            self._search(name)
            names += [alias for alias in self._spelled.aliases.get(name, ()) if alias not in names]
            for candidate in self._spelled.classes.get(name, ()):
                if candidate != key and key in self.bases(candidate):
                    found[candidate] = None
        return list(found)

    def all(self, key: ClassKey) -> dict[ClassKey, int]:
        """All classes that derive from a class, nearest first, with their distance from it."""
        return closure(key, self.direct)

    def bases(self, key: ClassKey) -> list[ClassKey]:
        """The classes a class derives from, in order; those outside the index are left out."""
        if key not in self._bases:
            self._resolved += 1
            if self._resolved % _MOST_CLASSES_A_RESOLVER == 0:
                self._resolver = Resolver(self._index)
            file = self._index.file(key[0])
            node = file.by_suffix.get(key[1]) if file is not None else None
            bases = self._resolver.classes.bases(ClassValue(file, node)) if file and node else []
            keys = [base.key for base in bases if isinstance(base, ClassValue)]
            self._bases[key] = list(dict.fromkeys(keys))
        return self._bases[key]

    def _search(self, name: str) -> None:
        """Read the files that name a class; after some names all, for each further one costs a scan of all names."""
        if self._searches > _MOST_SEARCHES:
            return
        self._searches += 1
        is_last = self._searches > _MOST_SEARCHES
        self._spelled.read(self._index, self._index.paths() if is_last else self._index.files_naming(name))


def closure(first: ClassKey, step: Callable[[ClassKey], Iterable[ClassKey]]) -> dict[ClassKey, int]:
    """All that steps lead to from ``first``, nearest first, with the number of steps; itself left out."""
    distances = {first: 0}
    for key in (queue := [first]):
        for other in step(key):
            if other not in distances:
                distances[other] = distances[key] + 1
                queue.append(other)
    del distances[first]
    return distances


class _Spelled:
    """What the names in headers of classes are: ``classes`` by the words in their bases; other names of a name."""

    def __init__(self) -> None:
        self.classes: dict[str, list[ClassKey]] = {}
        self.aliases: dict[str, set[str]] = {}
        self._read: set[str] = set()

    def read(self, index: Index, paths: Iterable[str]) -> None:
        """Take in these files."""
        for path in paths:
            file = index.file(path) if path not in self._read else None
            self._read.add(path)
            if file is not None:
                self._add(file)

    def _add(self, file: SourceFile) -> None:
        for node in file.nodes:
            if node.kind == "class":
                for word in {word for base in node.bases for word in _WORD.findall(base)}:
                    self.classes.setdefault(word, []).append((file.path, node.suffix))
            elif node.kind in _VARIABLES:
                self._add_variable(node)
        for statement in file.imports:
            for name in statement.names:
                original, _, alias = name.partition(" as ")
                if alias and alias != original:
                    self.aliases.setdefault(original.rpartition(".")[2], set()).add(alias)

    def _add_variable(self, node: Node) -> None:
        match = _ALIASED.fullmatch(node.signature)
        if match and match[1] != node.name:
            self.aliases.setdefault(match[1], set()).add(node.name)
