"""Who uses a symbol, by binding: its mentions under its own name and under the names it is imported as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from remora_hub.answers import Span
from remora_hub.query.definition import range_at
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.syntax.roles import Role

CALLABLE = frozenset(("function", "method", "class"))
"""The kinds of nodes that are called; reading a property is no call."""

_ALIAS = re.compile(rb"[ \t]++as[ \t]++([\w\x80-\xff]++)")
_INIT = ("__init__.py", "__init__.pyi")

Sites = Callable[[SourceFile, str], Iterable[Occurrence]]
"""The mentions of a name in a file that count."""


@dataclass(frozen=True, slots=True)
class Use:
    """One mention of an entity. Not ``is_certain``: a member that no other class has, of an object of unknown class."""

    file: SourceFile
    occurrence: Occurrence
    is_certain: bool


class Uses:
    """Finds uses; keeps what it found out, so it is for one question only."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.resolver = Resolver(index)

    def of(self, entity: Entity, sites: Sites) -> Iterator[Use]:
        """The mentions of ``entity`` among ``sites``, file by file."""
        for file, name in self._spellings(entity):
            for occurrence in sites(file, name):
                is_certain = self.meaning(entity, file, occurrence)
                if is_certain is not None:
                    yield Use(file, occurrence, is_certain)

    def meaning(self, entity: Entity, file: SourceFile, occurrence: Occurrence) -> bool | None:
        """Whether a mention certainly means ``entity``; None if it does not mean it."""
        resolution = self.resolver.resolve(file, occurrence, guess=False)
        if any(one.key == entity.key for one in resolution.entities):
            return True
        if resolution.entities or resolution.is_external or occurrence.role is not Role.ATTRIBUTE:
            return None
        candidates = self.resolver.candidates.all_members(entity.name)
        return False if [one.key for one in candidates] == [entity.key] else None

    def called(self, file: SourceFile, occurrence: Occurrence) -> tuple[list[tuple[SourceFile, Node]], bool]:
        """What a call at ``occurrence`` calls, as far as it is in the index, and whether that is certain."""
        resolution = self.resolver.resolve(file, occurrence, guess=False)
        entities, is_certain = resolution.entities, True
        if not entities and not resolution.is_external and occurrence.role is Role.ATTRIBUTE:
            name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
            candidates = self.resolver.candidates.all_members(name)
            entities, is_certain = tuple(candidates) if len(candidates) == 1 else (), False
        return [(one.file, node) for one in entities for node in reached_nodes(one)], is_certain

    def _spellings(self, entity: Entity) -> Iterator[tuple[SourceFile, str]]:
        """The files that may mention an entity, and how it is spelled there."""
        if entity.bindings and entity.bindings[0].scope.kind == "function":
            yield entity.file, entity.name
            return
        names = [entity.name]
        for name in names:
            for path in self.index.files_naming(name):
                file = self.index.file(path)
                if file is None:
                    continue
                yield file, name
                for alias in aliases(file, name):
                    if is_re_exported(file, alias):
                        names += [alias] if alias not in names else []
                    elif alias not in names:
                        yield file, alias


def span_of(file: SourceFile, occurrence: Occurrence) -> Span:
    """Where a mention stands."""
    length = len(occurrence.roles.line.texts[occurrence.index])
    return Span(file.path, *range_at(file, occurrence.position, length))


def aliases(file: SourceFile, name: str) -> list[str]:
    """The names under which imports in a file bring in ``name``, other than that."""
    mask, length = file.code.mask, len(name.encode())
    found: dict[str, None] = {}
    for position in file.code.occurrences(name):
        match = _ALIAS.match(mask, position + length)
        if match and match[1] != name.encode():
            occurrence = file.occurrence_at(position)
            if occurrence is not None and occurrence.role is Role.IMPORT_PATH:
                found[match[1].decode("utf-8", "replace")] = None
    return list(found)


def is_re_exported(file: SourceFile, name: str) -> bool:
    """Whether others are meant to import ``name`` from the file that imports it."""
    if file.exports is not None:
        return name in file.exports
    return file.path.rpartition("/")[2] in _INIT and not name.startswith("_")


def reached_nodes(entity: Entity) -> list[Node]:
    """The definitions of an entity that a call may run: of several, those that its bindings have not replaced."""
    positions = {binding.position for binding in entity.bindings}
    reached = [node for node in entity.nodes if entity.file.name_position(node) in positions] or entity.nodes
    return [node for node in reached if node.kind in CALLABLE]
