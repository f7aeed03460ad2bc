"""What a name can mean."""

from __future__ import annotations

import msgspec

from remora_hub.query.file_facts import Node
from remora_hub.query.source_file import Binding, SourceFile

EntityKey = tuple[str, int, str]


class Entity(msgspec.Struct, frozen=True, eq=False):
    """One thing with a name: all that binds the name in one scope, or a module (``name`` empty, no bindings).

    ``scope`` is where its scope begins: -1 for a module's. Instance attributes belong to the scope of their class.
    ``nodes`` are its nodes, in source order; ``bindings`` where it is bound, empty for attributes bound through
    ``self`` and for modules. ``is_import`` says that it only brings in what comes from outside the index.
    """

    file: SourceFile
    scope: int
    name: str
    nodes: tuple[Node, ...] = ()
    bindings: tuple[Binding, ...] = ()
    is_import: bool = False

    @property
    def key(self) -> EntityKey:
        """What tells it from any other."""
        return self.file.path, self.scope, self.name

    @property
    def is_module(self) -> bool:
        """Whether it is a whole file."""
        return not self.name


class Resolution(msgspec.Struct, frozen=True):
    """What a name may mean: ``entities``, better ones first.

    Not ``is_certain``: candidates, for it cannot be decided. ``is_external``: what it means is outside the index.
    """

    entities: tuple[Entity, ...] = ()
    is_certain: bool = True
    is_external: bool = False


def module_entity(file: SourceFile) -> Entity:
    """The entity of a whole file."""
    return Entity(file, -1, "", (file.nodes[0],))


def distinct(entities: list[Entity]) -> tuple[Entity, ...]:
    """Each entity once, in order."""
    return tuple({entity.key: entity for entity in reversed(entities)}.values())[::-1]
