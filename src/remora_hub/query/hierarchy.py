"""What a class derives from and what derives from it; what a method overrides and what overrides it."""

from __future__ import annotations

from collections.abc import Iterable

from remora_hub.answers import Hierarchy, Item
from remora_hub.errors import StoreError
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.outline import item
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.resolution.values import ClassValue
from remora_hub.query.source_file import SourceFile
from remora_hub.query.subclasses import ClassKey, Subclasses, closure
from remora_hub.store.keys import node_key

_MOST_NAMESAKES = 400
"""Members of one name that are each asked what their class derives from, before the subclasses are looked for."""

NodeKey = tuple[str, str]


def supertypes(index: Index, key: str) -> list[Item]:
    """The bases of a class, in their order; of a member the ones it overrides, one for each base that has it.

    What is outside the index is left out.
    """
    found = _find(index, key)
    return _items(index, _Relatives(index).above(found)) if found is not None else []


def subtypes(index: Index, key: str) -> list[Item]:
    """The classes right below a class; of a member the ones that override it with none in between."""
    found = _find(index, key)
    return _items(index, _Relatives(index).below(found)) if found is not None else []


def implementations(index: Index, key: str) -> list[Item]:
    """All classes that derive from a class, nearest first; of a member all that override it."""
    found = _find(index, key)
    return _items(index, _Relatives(index).all_below(found)) if found is not None else []


def hierarchy(index: Index, key: str) -> Hierarchy | None:
    """All relatives of a class or member, nearest first; None if there is no such node."""
    found = _find(index, key)
    if found is None:
        return None
    relatives = _Relatives(index)
    return Hierarchy(
        item=_items(index, [found])[0],
        supertypes=_items(index, closure(found, relatives.above)),
        subtypes=_items(index, relatives.all_below(found)),
    )


class _Relatives:
    """The steps up and down; classes and members are given by path and suffix."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._resolver = Resolver(index)
        self._subclasses = Subclasses(index)

    def above(self, key: NodeKey) -> list[NodeKey]:
        """One step up."""
        file, node = self._node(key)
        if node.kind == "class":
            return self._subclasses.bases(key)
        cls = self._class_of(file, node)
        found: dict[NodeKey, None] = {}
        for base in self._subclasses.bases(cls.key) if cls is not None else ():
            base_file, base_node = self._node(base)
            entity, _, _ = self._resolver.classes.member_and_owner(
                ClassValue(base_file, base_node), node.name
            )
            if entity is not None and entity.nodes:
                found[entity.file.path, entity.nodes[0].suffix] = None
        return list(found)

    def below(self, key: NodeKey) -> list[NodeKey]:
        """One step down."""
        if self._node(key)[1].kind == "class":
            return self._subclasses.direct(key)
        first = self._first(key)
        return [other for other in self.all_below(key) if first in self.above(other)]

    def all_below(self, key: NodeKey) -> list[NodeKey]:
        """All steps down, nearest first."""
        file, node = self._node(key)
        if node.kind == "class":
            return list(self._subclasses.all(key))
        cls = self._class_of(file, node)
        return self._overriding(cls.key, node.name) if cls is not None else []

    def _overriding(self, key: ClassKey, name: str) -> list[NodeKey]:
        """The members ``name`` of the classes that derive from a class."""
        namesakes = self._index.nodes_named(name)
        if len(namesakes) > _MOST_NAMESAKES:
            distances = self._subclasses.all(key)
        else:
            distances = {
                cls.key: distance
                for cls in self._classes_of(namesakes)
                if (distance := closure(cls.key, self._subclasses.bases).get(key))
            }
        found: list[NodeKey] = []
        for derived in sorted(distances, key=lambda one: (distances[one], *one)):
            file, node = self._node(derived)
            members = self._resolver.classes.own_members(ClassValue(file, node)).get(name)
            if members:
                found.append((file.path, members[0].suffix))
        return found

    def _classes_of(self, members: Iterable[NodeKey]) -> Iterable[ClassValue]:
        for path, suffix in members:
            file = self._index.file(path) if "." in suffix else None
            node = file.by_suffix.get(suffix) if file is not None else None
            cls = self._class_of(file, node) if file is not None and node is not None else None
            if cls is not None:
                yield cls

    def _class_of(self, file: SourceFile, node: Node) -> ClassValue | None:
        """The class that a member belongs to."""
        if node.is_function:
            scope = file.scope_of_node(node).parent
            return ClassValue(file, scope.node) if scope is not None and scope.kind == "class" else None
        if node.kind not in ("class_variable", "attribute"):
            return None
        return self._resolver.classes.enclosing_class(file, file.name_position(node))

    def _first(self, key: NodeKey) -> NodeKey:
        """The first node of a member: a property's setter is the same member as its getter."""
        file, node = self._node(key)
        cls = self._class_of(file, node)
        members = self._resolver.classes.own_members(cls).get(node.name) if cls is not None else None
        return (file.path, members[0].suffix) if members else key

    def _node(self, key: NodeKey) -> tuple[SourceFile, Node]:
        file = self._index.file(key[0])
        node = file.by_suffix.get(key[1]) if file is not None else None
        if file is None or node is None:
            raise StoreError("find", node_key(*key), "its file changed meanwhile", "ask again")
        return file, node


def _find(index: Index, key: str) -> NodeKey | None:
    found = index.split_key(key)
    return (found[0].path, found[1]) if found is not None else None


def _items(index: Index, keys: Iterable[NodeKey]) -> list[Item]:
    found = ((index.file(path), suffix) for path, suffix in keys)
    return [item(file, file.by_suffix[suffix]) for file, suffix in found if file and suffix in file.by_suffix]
