"""Members of a name when what it is asked of is unknown: every class that has one, the likelier ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora_hub.query.resolution.entities import Entity, Resolution
from remora_hub.query.resolution.values import ClassValue
from remora_hub.query.source_file import Occurrence, SourceFile

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

_MOST = 10
_MOST_LOOKED_AT = 200


class Candidates:
    """Ranks members by how near they are to the mention."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[str, list[Entity]] = {}

    def members(self, file: SourceFile, occurrence: Occurrence, name: str) -> Resolution:
        """The members called ``name`` of all classes; what the file's imports and its directory suggest first."""
        found = sorted(self.all_members(name), key=lambda entity: self._distance(file, occurrence, entity))
        return Resolution(tuple(found[:_MOST]), is_certain=False)

    def all_members(self, name: str) -> list[Entity]:
        """Every class member called ``name`` in the index, in the order of paths."""
        if name not in self._known:
            index, classes = self._resolver.index, self._resolver.classes
            found: dict[tuple[str, int, str], Entity] = {}
            for path, suffix in index.nodes_named(name)[:_MOST_LOOKED_AT]:
                container, _, _ = suffix.partition("#")[0].rpartition(".")
                file = index.file(path) if container else None
                if file is None:
                    continue
                node = file.by_suffix.get(suffix)
                if node is None:
                    continue
                cls = classes.enclosing_class(file, file.code.offset(*node.range[:2]) - 1)
                owner = ClassValue(file, cls.node) if cls is not None else None
                if owner is not None and name in classes.own_members(owner):
                    entity = classes.member_entity(owner, name)
                    found.setdefault(entity.key, entity)
            self._known[name] = list(found.values())
        return self._known[name]

    def _distance(
        self, file: SourceFile, occurrence: Occurrence, entity: Entity
    ) -> tuple[int, int, int, str, int]:
        line = occurrence.roles.line
        receiver = line.texts[occurrence.index - 2].lower().strip(b"_") if occurrence.index > 1 else b""
        owner = entity.nodes[0].qualname.split(".")[-2].lower().encode() if entity.nodes else b""
        sounds_alike = bool(receiver) and (receiver in owner or owner in receiver)
        is_test = entity.nodes[0].is_test if entity.nodes else False
        own, other = file.path.split("/"), entity.file.path.split("/")
        common = next(
            (i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), min(len(own), len(other))
        )
        return (not sounds_alike, is_test, -common, entity.file.path, entity.scope)
