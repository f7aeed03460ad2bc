"""What to show of a name: its declaration, its docstring, where it is defined, who calls it."""

from __future__ import annotations

from remora_hub.answers import Definition, Hover, Place, Span
from remora_hub.query.definition import find_occurrence, range_at, resolved_definitions
from remora_hub.query.index import Index
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.store.keys import split_node_key

_WITH_CALLERS = frozenset(("function", "method", "class"))
_MOST_FILES_FOR_CALLERS = 50


def hover(index: Index, place: Place) -> Hover | None:
    """What is known of the name at ``place``; None if nothing is there, or its origin is outside the index."""
    found = find_occurrence(index, place)
    if found is None:
        return None
    file, occurrence = found
    resolution = Resolver(index).resolve(file, occurrence)
    definitions = resolved_definitions(resolution)
    if not definitions:
        return None
    name = occurrence.roles.line.texts[occurrence.index]
    span = Span(file.path, *range_at(file, occurrence.position, len(name)))
    return _hover(index, definitions[0], span)


def node_hover(index: Index, key: str) -> Hover | None:
    """The same of a node; None if there is no such node."""
    from remora_hub.query.definition import node_definition

    found = index.split_key(key)
    if found is None:
        return None
    file, suffix = found
    return _hover(index, node_definition(file, file.by_suffix[suffix]), None)


def _hover(index: Index, definition: Definition, span: Span | None) -> Hover:
    path, suffix = split_node_key(definition.key or "") or ("", "")
    file = index.file(path) if definition.key else None
    node = file.by_suffix.get(suffix) if file is not None else None
    return Hover(
        definition=definition,
        declaration=definition.detail,
        docstring=node.docstring if node is not None else None,
        callers=_count_callers(index, definition),
        span=span,
    )


def _count_callers(index: Index, definition: Definition) -> int | None:
    """How many definitions call it; None for what is not called, or named in too many files to count at once."""
    if definition.key is None or definition.kind not in _WITH_CALLERS:
        return None
    if len(index.files_naming(definition.name)) > _MOST_FILES_FOR_CALLERS:
        return None
    from remora_hub.query.calls import callers

    return len(callers(index, definition.key))
