"""Mentions of a symbol, told apart by what they are bound to, not by how they are spelled."""

from __future__ import annotations

from remora_hub.answers import Place, Reference, Role
from remora_hub.query.definition import find_occurrence, range_at
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.mentions import Mentions
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.syntax import roles

_DEFINING = frozenset((roles.Role.FUNCTION, roles.Role.CLASS))
_IMPORTING = frozenset((roles.Role.IMPORTED, roles.Role.IMPORT_PATH))


def references(index: Index, place: Place, *, include_definition: bool = True) -> list[Reference]:
    """Every mention of what the name at ``place`` means, by path and position.

    A member asked of an object of unknown class is listed as not certain where no other class has such a member.
    """
    found = find_occurrence(index, place)
    if found is None:
        return []
    resolver = Resolver(index)
    return entity_references(resolver, meant(resolver, *found), include_definition=include_definition)


def node_references(index: Index, key: str, *, include_definition: bool = True) -> list[Reference]:
    """Every mention of a node; empty if there is no such node."""
    resolver = Resolver(index)
    entity = node_entity(resolver, key)
    return entity_references(resolver, [entity], include_definition=include_definition) if entity else []


def highlights(index: Index, place: Place) -> list[Reference]:
    """The mentions in the same file."""
    found = find_occurrence(index, place)
    if found is None:
        return []
    resolver = Resolver(index)
    file, occurrence = found
    entities = meant(resolver, file, occurrence)
    if not entities:  # of unknown origin: as it is spelled
        name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
        same = [one for one in file.occurrences(name) if one.role is occurrence.role]
        return [_reference(file, one, set(), is_certain=False) for one in same]
    return [
        _reference(file, one, _positions(entity, file), is_certain=is_certain)
        for entity in entities
        for one, is_certain in Mentions(resolver, entity).in_file(file)
    ]


def meant(resolver: Resolver, file: SourceFile, occurrence: Occurrence) -> list[Entity]:
    """The entities that a mention certainly means; what comes from outside the index is meant by its import."""
    resolution = resolver.resolve(file, occurrence, guess=False)
    return list(resolution.entities)


def node_entity(resolver: Resolver, key: str) -> Entity | None:
    """The entity of the node stored under ``key``."""
    found = resolver.index.split_key(key)
    if found is None:
        return None
    file, suffix = found
    node = file.by_suffix[suffix]
    if node.kind == "module":
        return resolver.module(file.path)
    return _entity_of(resolver, file, node)


def entity_references(
    resolver: Resolver, entities: list[Entity], *, include_definition: bool = True
) -> list[Reference]:
    """Every mention of ``entities``, by path and position."""
    found: dict[tuple[str, int, int], Reference] = {}
    for entity in entities:
        for file, occurrence, is_certain in Mentions(resolver, entity).all():
            mention = _reference(file, occurrence, _positions(entity, file), is_certain=is_certain)
            if include_definition or mention.role != "definition":
                found.setdefault((mention.path, mention.line, mention.column), mention)
    return [found[key] for key in sorted(found)]


def _positions(entity: Entity, file: SourceFile) -> set[int]:
    """Where ``file`` binds an entity."""
    if entity.file is not file:
        return set()
    positions = {binding.position for binding in entity.bindings if not entity.is_import}
    return positions | {file.name_position(node) for node in entity.nodes if node.kind != "module"}


def _entity_of(resolver: Resolver, file: SourceFile, node: Node) -> Entity | None:
    position = file.name_position(node)
    occurrence = file.occurrence_at(position)
    if occurrence is None:
        return None
    found = resolver.names.bound(file, occurrence)
    if found is not None:
        return found
    cls = resolver.classes.enclosing_class(file, position)
    return resolver.classes.member_entity(cls, node.name) if cls is not None else None


def _reference(
    file: SourceFile, occurrence: Occurrence, positions: set[int], *, is_certain: bool
) -> Reference:
    length = len(occurrence.roles.line.texts[occurrence.index])
    return Reference(
        file.path,
        *range_at(file, occurrence.position, length),
        role=_role(occurrence, positions),
        container=file.key(file.enclosing(occurrence.position).node),
        certain=is_certain,
    )


def _role(occurrence: Occurrence, positions: set[int]) -> Role:
    role = occurrence.role
    if occurrence.position in positions and (role in _DEFINING or occurrence.position == min(positions)):
        return "definition"
    if role in _IMPORTING:
        return "import"
    if role not in roles.NOT_BINDING or occurrence.index in occurrence.roles.stores:
        return "write"
    return "read"
