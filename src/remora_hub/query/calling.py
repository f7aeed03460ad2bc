"""What calls reach, by binding."""

from __future__ import annotations

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


class Calling:
    """Finds what is called; keeps what it found out, so it is for one question only."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.resolver = Resolver(index)

    def called(self, file: SourceFile, occurrence: Occurrence) -> tuple[list[tuple[SourceFile, Node]], bool]:
        """What a call at ``occurrence`` calls, as far as it is in the index, and whether that is certain."""
        resolution = self.resolver.resolve(file, occurrence, guess=False)
        entities, is_certain = resolution.entities, True
        if not entities and not resolution.is_external and occurrence.role is Role.ATTRIBUTE:
            name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
            candidates = self.resolver.candidates.all_members(name)
            entities, is_certain = tuple(candidates) if len(candidates) == 1 else (), False
        return [(one.file, node) for one in entities for node in reached_nodes(one)], is_certain


def span_of(file: SourceFile, occurrence: Occurrence) -> Span:
    """Where a mention stands."""
    length = len(occurrence.roles.line.texts[occurrence.index])
    return Span(file.path, *range_at(file, occurrence.position, length))


def reached_nodes(entity: Entity) -> list[Node]:
    """The definitions of an entity that a call may run: of several, those that its bindings have not replaced."""
    positions = {binding.position for binding in entity.bindings}
    reached = [node for node in entity.nodes if entity.file.name_position(node) in positions] or entity.nodes
    return [node for node in reached if node.kind in CALLABLE]
