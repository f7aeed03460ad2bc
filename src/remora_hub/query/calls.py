"""Who calls a function, method or class, and what it calls."""

from __future__ import annotations

from remora_hub.answers import Call, Item, Span
from remora_hub.query.call_sites import calls_in, calls_of
from remora_hub.query.calling import CALLABLE, Calling, span_of
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.mentions import Mentions
from remora_hub.query.outline import item
from remora_hub.query.references import node_entity
from remora_hub.query.source_file import SourceFile

_RUNNING = CALLABLE | {"module", "property"}


def callers(index: Index, key: str) -> list[Call]:
    """The definitions and modules whose code calls the node, by path and position.

    A class is called where it is constructed, a decorator where it decorates. Calls of what overrides a method are none
    of it, nor calls of what a variable holds. Empty for what is not called, such as a property.
    """
    calling = Calling(index)
    entity = node_entity(calling.resolver, key)
    if entity is None or not any(node.kind in CALLABLE for node in entity.nodes):
        return []
    found = _Calls()
    for file, occurrence, is_certain in Mentions(calling.resolver, entity).all(calls_of):
        caller = file.scope_at(occurrence.position).node
        found.add(file, caller, span_of(file, occurrence), is_certain=is_certain)
    return sorted(found.calls(), key=lambda call: (call.item.path, call.item.range))


def callees(index: Index, key: str) -> list[Call]:
    """What the node's own code calls, in the order of the first call; definitions in it have callees of their own.

    What is outside the index is left out, and what cannot be decided, unless only one class has such a member.
    """
    calling = Calling(index)
    found = _Calls()
    split = index.split_key(key)
    node = split[0].by_suffix[split[1]] if split is not None else None
    if split is None or node is None or node.kind not in _RUNNING:
        return []
    file = split[0]
    for occurrence in calls_in(file, file.scope_of_node(node)):
        called, is_certain = calling.called(file, occurrence)
        for other, callee in called:
            found.add(other, callee, span_of(file, occurrence), is_certain=is_certain)
    return found.calls()


class _Calls:
    """Calls by the node at their other end; certain if one of them is."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Item, list[Span], list[bool]]] = {}

    def add(self, file: SourceFile, node: Node, place: Span, *, is_certain: bool) -> None:
        key = file.key(node)
        if key not in self._found:
            self._found[key] = item(file, node), [], []
        _, places, certain = self._found[key]
        places.append(place)
        certain.append(is_certain)

    def calls(self) -> list[Call]:
        return [
            Call(
                item=one,
                places=sorted(places, key=lambda place: (place.line, place.column)),
                certain=any(certain),
            )
            for one, places, certain in self._found.values()
        ]
