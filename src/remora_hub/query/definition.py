"""Where the name at a place is defined."""

from __future__ import annotations

from remora_hub.answers import Definition, Place, Range
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.resolution.entities import Entity, Resolution
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.resolution.values import ClassValue, InstanceValue
from remora_hub.query.source_file import Binding, Occurrence, SourceFile
from remora_hub.syntax.roles import Role

_MOST_SIGNATURE = 400


def find_occurrence(index: Index, place: Place) -> tuple[SourceFile, Occurrence] | None:
    """The file and the name at a place; None if there is none."""
    file = index.file(place.path)
    if file is None:
        return None
    occurrence = file.occurrence_at(file.code.position(place.line, place.column))
    return (file, occurrence) if occurrence is not None else None


def definitions(index: Index, place: Place) -> list[Definition]:
    """Where the name at ``place`` is defined; empty if nothing is there, or its origin is outside the index."""
    found = find_occurrence(index, place)
    if found is None:
        return []
    return resolved_definitions(Resolver(index).resolve(*found))


def resolved_definitions(resolution: Resolution) -> list[Definition]:
    """Each place that defines what was resolved."""
    return [
        definition
        for entity in resolution.entities
        for definition in entity_definitions(entity, is_certain=resolution.is_certain)
    ]


def declarations(index: Index, place: Place) -> list[Definition]:
    """The same, where a stub beside the source declares it; else the definitions."""
    found = definitions(index, place)
    declared: list[Definition] = []
    for definition in found:
        stub = index.modules.stub_of(definition.path)
        file = index.file(stub) if stub else None
        suffix = definition.key.rpartition(":")[2] if definition.key else ""
        node = file.by_suffix.get(suffix) if file else None
        if file is not None and node is not None:
            declared.append(node_definition(file, node))
    return declared or found


def type_definitions(index: Index, place: Place) -> list[Definition]:
    """The classes of what the name at ``place`` stands for; empty where that is unknown."""
    found = find_occurrence(index, place)
    if found is None:
        return []
    file, occurrence = found
    resolver = Resolver(index)
    values = resolver.value(file, occurrence)
    if not values:
        entities = resolver.resolve(file, occurrence, guess=False).entities
        values = tuple(value for entity in entities for value in resolver.types.entity(entity))
    classes = [
        value.cls if isinstance(value, InstanceValue) else value
        for value in values
        if isinstance(value, ClassValue | InstanceValue)
    ]
    unique = {cls.key: cls for cls in classes}
    return [node_definition(cls.file, cls.node) for cls in unique.values()]


def key_at(index: Index, place: Place) -> str | None:
    """The key of the node that the name at ``place`` means; None if it means none, or it cannot be decided."""
    found = find_occurrence(index, place)
    if found is None:
        return None
    resolution = Resolver(index).resolve(*found, guess=False)
    for entity in resolution.entities:
        if entity.nodes:
            return entity.file.key(entity.nodes[0])
    return None


def entity_definitions(entity: Entity, *, is_certain: bool = True) -> list[Definition]:
    """Where an entity is bound: its nodes, else its bindings."""
    if not entity.bindings:
        return [node_definition(entity.file, node, is_certain=is_certain) for node in entity.nodes]
    return [binding_definition(entity, binding, is_certain=is_certain) for binding in entity.bindings]


def node_definition(file: SourceFile, node: Node, *, is_certain: bool = True) -> Definition:
    """The definition of a node."""
    line, column, end_line, end_column = file.name_range(node)
    container = _container_key(file, file.name_position(node)) if node.kind != "module" else None
    return Definition(
        file.path,
        line,
        column,
        end_line,
        end_column,
        name=file.path if node.kind == "module" else node.name,
        kind=node.kind,
        range=node.range,
        key=file.key(node),
        container=container,
        detail=declaration_of(node),
        certain=is_certain,
    )


def binding_definition(entity: Entity, binding: Binding, *, is_certain: bool = True) -> Definition:
    """The definition that one binding makes."""
    file = entity.file
    for node in entity.nodes:
        if file.name_position(node) == binding.position:
            return node_definition(file, node, is_certain=is_certain)
    name_range = range_at(file, binding.position, len(binding.name.encode()))
    line = binding.roles.line
    start = file.code.line_and_column(line.start)
    end = file.code.line_and_column(line.end)
    kinds = {Role.PARAMETER: "parameter", Role.LAMBDA_PARAMETER: "parameter", Role.IMPORTED: "import"}
    return Definition(
        file.path,
        *name_range,
        name=binding.name,
        kind=kinds.get(binding.role, "local"),
        range=(*start, *end),
        container=_container_key(file, binding.position),
        detail=_line_text(file, binding),
        certain=is_certain and not entity.is_import,
    )


def range_at(file: SourceFile, position: int, length: int) -> Range:
    """Where a name of ``length`` bytes stands."""
    line, column = file.code.line_and_column(position)
    return line, column, line, column + length


def declaration_of(node: Node) -> str:
    """A node's declaration on one line of Python."""
    if node.kind == "module":
        return ""
    if node.kind == "class":
        return f"class {node.name}{node.signature}"
    if node.is_function:
        return f"{'async ' if node.is_async else ''}def {node.name}{node.signature}"[:_MOST_SIGNATURE]
    return f"{node.name}{node.signature if node.signature[:1] == ':' else ' ' + node.signature}".rstrip()


def _container_key(file: SourceFile, position: int) -> str:
    scope = file.enclosing(position)
    while scope.parent is not None and file.name_position(scope.node) == position:
        scope = scope.parent
    return file.key(scope.node)


def _line_text(file: SourceFile, binding: Binding) -> str:
    """The line of a binding, as far as the mask has it: the contents of strings are blank."""
    if binding.role in (Role.PARAMETER, Role.LAMBDA_PARAMETER):
        origin = binding.roles.origins.get(binding.index)
        line = binding.roles.line
        if origin is not None and origin.annotation is not None:
            first, last = origin.annotation
            text = file.code.mask[line.starts[first] : line.starts[last - 1] + len(line.texts[last - 1])]
            return f"{binding.name}: {text.decode('utf-8', 'replace')}"
        return binding.name
    text = file.code.mask[binding.roles.line.start : binding.roles.line.end]
    return " ".join(text.decode("utf-8", "replace").split())[:_MOST_SIGNATURE]
