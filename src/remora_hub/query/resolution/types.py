"""Values of names, attributes and calls: declared where there is an annotation, else what is assigned or returned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora_hub.query.file_facts import Node
from remora_hub.query.resolution.containers import element_values, item_values, method_values
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.values import (
    ClassValue,
    ExternalValue,
    FunctionValue,
    InstanceValue,
    ModuleValue,
    SuperValue,
    Value,
    Values,
    instances,
    joined,
)
from remora_hub.query.source_file import Binding, Occurrence, Scope, SourceFile
from remora_hub.syntax.roles import Origin, Role

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

_STATIC = frozenset(("staticmethod", "abc.abstractstaticmethod"))
_OF_CLASS = frozenset(("classmethod", "abc.abstractclassmethod", "hybridmethod"))
_IMPLICIT_OF_CLASS = frozenset(("__new__", "__init_subclass__", "__class_getitem__"))
_WITH_SELF = ("(self,", "(self)")


class Types:
    """Follows values from binding to binding."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[str, int, str], Values] = {}
        self._attributes: dict[tuple[str, str, str], Values] = {}

    def name(self, file: SourceFile, occurrence: Occurrence) -> Values:
        """What a bare name stands for where it is read."""
        names = self._resolver.names
        entity = names.visible(file, occurrence)
        text = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
        if entity is None:
            found = names.through_star(file, text)
            if found:
                return joined(*(self.entity(one) for one in found))
            return (ExternalValue(text, is_class=True),)  # a builtin
        narrowed = self._resolver.narrowing.narrowed(file, occurrence, text)
        if narrowed:
            return narrowed
        reaching = self._resolver.narrowing.reaching(file, entity, occurrence.position)
        values = joined(*(self.binding(file, binding) for binding in reaching))
        if not values and len(reaching) < len(
            entity.bindings
        ):  # such as a class that a decorator was called on
            values = joined(*(self.binding(file, binding) for binding in entity.bindings))
        return values

    def entity(self, entity: Entity) -> Values:
        """What an entity's name stands for, whichever of its bindings holds."""
        if entity.is_module:
            return (ModuleValue(entity.file.path),)
        if entity.is_import:
            return (ExternalValue(entity.name, is_class=True),)
        if not entity.bindings:
            return self._member_nodes(entity, None)
        return joined(*(self.binding(entity.file, binding) for binding in entity.bindings))

    def binding(self, file: SourceFile, binding: Binding) -> Values:
        """What one binding gives its name."""
        key = (file.path, binding.position, binding.name)
        if key not in self._known:
            self._known[key] = ()  # what depends on itself adds nothing
            self._known[key] = self._binding(file, binding)
        return self._known[key]

    def _binding(self, file: SourceFile, binding: Binding) -> Values:
        roles = binding.roles
        match binding.role:
            case Role.FUNCTION | Role.CLASS:
                node = self._node_at(file, binding.position)
                if node is None:
                    return ()
                return (ClassValue(file, node) if node.kind == "class" else FunctionValue(file, node),)
            case Role.IMPORTED:
                imported = roles.imports[binding.index]
                found = self._resolver.names.imported(file, imported)
                if found:
                    return joined(*(self.entity(entity) for entity in found))
                directory = self._resolver.index.modules.find(imported, file.path)
                if directory is not None and imported.name is None:
                    return (ModuleValue(directory),)
                return (ExternalValue(imported.name or imported.module, is_class=True),)
            case Role.PARAMETER:
                return self._parameter(file, binding)
        origin = roles.origins.get(binding.index)
        return self._origin(file, binding, origin) if origin is not None else ()

    def _origin(self, file: SourceFile, binding: Binding, origin: Origin) -> Values:
        roles, expressions = binding.roles, self._resolver.expressions
        if origin.annotation is not None and binding.role is not Role.TYPE_PARAMETER:
            declared = self._resolver.annotations.objects(file, roles, origin.annotation)
            if declared or origin.value is None:
                return declared
        if origin.value is None or binding.role in (Role.AUGMENTED, Role.TYPE_PARAMETER):
            return ()
        values = expressions.evaluate(file, roles, *origin.value)
        match binding.role:
            case Role.LOOPED | Role.COMPREHENDED:
                values = self.elements(values)
            case Role.MANAGED:
                values = self._entered(values)
            case Role.CAUGHT:
                caught = [
                    one
                    for v in values
                    for one in (self._flattened(v) if isinstance(v, ExternalValue) else (v,))
                ]
                values = instances(tuple(caught))
        for number in origin.unpacked:
            values = joined(*(self._unpacked(value, number) for value in values))
        return values

    def _flattened(self, value: ExternalValue) -> Values:
        return joined(*value.arguments) if value.name == "tuple" else (value,)

    def _unpacked(self, value: Value, number: int) -> Values:
        if isinstance(value, ExternalValue) and value.name == "tuple" and number < len(value.arguments):
            return value.arguments[number]
        return self.elements((value,))

    def _parameter(self, file: SourceFile, binding: Binding) -> Values:
        roles, index = binding.roles, binding.index
        origin = roles.origins.get(index, Origin())
        stars = roles.line.texts[index - 1] if index else b""
        values: Values = ()
        if origin.annotation is not None:
            values = self._resolver.annotations.objects(
                file, roles, origin.annotation, self.bound_receiver(file, binding.scope.node)
            )
        elif roles.parameters and index == roles.parameters[0] and stars not in (b"*", b"**"):
            receiver = self.bound_receiver(file, binding.scope.node)
            if receiver is not None:
                return (receiver,)
        if not values and origin.value is not None:
            values = tuple(
                value
                for value in self._resolver.expressions.evaluate(file, roles, *origin.value)
                if not (isinstance(value, ExternalValue) and value.name == "None")
            )
        if stars == b"*":
            return (ExternalValue("Sequence", arguments=(values,)),)
        if stars == b"**":
            return (ExternalValue("dict", arguments=((ExternalValue("str"),), values)),)
        return values

    def bound_receiver(self, file: SourceFile, function: Node) -> ClassValue | InstanceValue | None:
        """What the first parameter of a method stands for; None for what is no method, or a static one."""
        scope = file.scope_of_node(function).parent if function.is_function else None
        if scope is None or scope.kind != "class" or not _STATIC.isdisjoint(function.decorators):
            return None
        cls = ClassValue(file, scope.node)
        if function.name in _IMPLICIT_OF_CLASS or not _OF_CLASS.isdisjoint(function.decorators):
            return cls
        if any(isinstance(b, ExternalValue) and b.name == "type" for b in self._resolver.classes.order(cls)):
            return cls  # a metaclass: its objects are classes
        return InstanceValue(cls)

    def plain_self(self, file: SourceFile, position: int) -> InstanceValue | None:
        """What ``self`` stands for at a position in a method that begins with ``(self`` and never binds it again.

        The same as ``name`` finds, without looking at the method's header: half of all attributes are asked of it.
        """
        scope: Scope | None = file.enclosing(position)
        while scope is not None and scope.kind == "function":
            if scope.node.signature.startswith(_WITH_SELF):
                break
            if b"self" in file.code.mask[scope.start : self._header_end(file, scope)]:
                return None
            scope = scope.parent
        if scope is None or scope.kind != "function" or scope.parent is None or scope.parent.kind != "class":
            return None
        if file.code.mask.find(b"self =", scope.start, scope.end) >= 0 or position <= self._header_end(
            file, scope
        ):
            return None
        receiver = self.bound_receiver(file, scope.node)
        return receiver if isinstance(receiver, InstanceValue) else None

    def _header_end(self, file: SourceFile, scope: Scope) -> int:
        """The end of the first physical line of a definition, or of its parameters if they take more."""
        mask = file.code.mask
        closing = mask.find(b")", scope.start, scope.end)
        return max(closing, mask.find(b"\n", scope.start, scope.end))

    # Attributes.

    def attribute(self, values: Values, name: str) -> Values:
        """What ``value.name`` evaluates to."""
        return joined(*(self.member_value(value, name) for value in values))

    def member(self, value: Value, name: str) -> tuple[tuple[Entity, ...], bool]:
        """The entities that ``value.name`` may mean, and whether it may be something outside the index."""
        classes = self._resolver.classes
        match value:
            case ModuleValue():
                return self._resolver.names.module_member(value.path, name), False
            case ClassValue():
                entity, is_external = classes.member(value, name)
            case InstanceValue():
                entity, is_external = classes.member(value.cls, name)
            case SuperValue():
                receiver = value.receiver
                cls = receiver.cls if isinstance(receiver, InstanceValue) else receiver
                entity, is_external = classes.member(cls, name, behind=value.cls)
            case _:
                return (), True
        return ((entity,) if entity is not None else ()), is_external

    def member_value(self, value: Value, name: str) -> Values:
        """What ``value.name`` evaluates to, for one value."""
        if isinstance(value, ExternalValue):
            return method_values(value, name)
        if isinstance(value, FunctionValue):
            return ()
        entities, is_external = self.member(value, name)
        if not entities:
            if isinstance(value, ModuleValue):
                submodule = self._resolver.index.modules.submodule(value.path, name)
                return (ModuleValue(submodule),) if submodule else ()
            if name == "__class__" and isinstance(value, InstanceValue):
                return (value.cls,)
            if name == "__new__" and isinstance(value, ClassValue):
                return (value,)  # its call gives an object
            return (ExternalValue(name, is_class=True),) if is_external else ()
        receiver = value.receiver if isinstance(value, SuperValue) else value
        if isinstance(receiver, ClassValue | InstanceValue):
            return joined(*(self._member_nodes(entity, receiver) for entity in entities))
        return joined(*(self._followed(entity) for entity in entities))

    def _followed(self, entity: Entity) -> Values:
        return joined(*(self.entity(one) for one in self._resolver.names.follow(entity)))

    def _member_nodes(self, entity: Entity, receiver: ClassValue | InstanceValue | None) -> Values:
        found: list[Values] = []
        if not entity.nodes:
            return joined(*(self.binding(entity.file, binding) for binding in entity.bindings))
        for node in entity.nodes:
            if node.kind == "property" and not isinstance(receiver, ClassValue):
                found.append(self._resolver.functions.returned(entity.file, node, receiver))
            elif node.is_function:
                found.append((FunctionValue(entity.file, node, receiver),))
            elif node.kind == "class":
                found.append((ClassValue(entity.file, node),))
            else:
                found.append(self._variable(entity, node, receiver))
        if any(node.kind == "property" for node in entity.nodes):
            return found[0]
        return joined(*found)

    def _variable(self, entity: Entity, node: Node, receiver: Value | None) -> Values:
        """A class variable, instance attribute or module variable: its annotation, else all that is assigned."""
        file = entity.file
        key = (file.path, str(entity.scope), entity.name)
        if key in self._attributes:
            return self._attributes[key]
        self._attributes[key] = ()
        found: list[Values] = []
        for occurrence in self._stores(entity, node):
            origin = occurrence.roles.origins.get(occurrence.index)
            if origin is None:
                continue
            if origin.annotation is not None:
                found = [
                    self._resolver.annotations.objects(file, occurrence.roles, origin.annotation, receiver)
                ]
                break
            role = occurrence.role if occurrence.role is not Role.ATTRIBUTE else Role.ASSIGNED
            if role is not None:
                position = occurrence.position
                binding = Binding(
                    entity.name, role, file.enclosing(position), position, occurrence.roles, occurrence.index
                )
                found.append(self._origin(file, binding, origin))
        self._attributes[key] = joined(*found)
        return self._attributes[key]

    def _stores(self, entity: Entity, node: Node) -> list[Occurrence]:
        """Where the variable or attribute is assigned, the first one first."""
        file = entity.file
        if entity.bindings:
            found = [Occurrence(b.position, b.roles, b.index) for b in entity.bindings]
            if node.kind not in ("attribute", "class_variable"):
                return found
        else:
            found = []
        cls = self._resolver.classes.enclosing_class(file, file.name_position(node))
        if cls is None:
            return found
        scope = file.scope_of_node(cls.node)
        for position in file.code.occurrences_within(entity.name.encode(), scope.start, scope.end):
            occurrence = file.occurrence_at(position)
            if occurrence is not None and occurrence.index in occurrence.roles.stores:
                receiver = occurrence.roles.line.texts[occurrence.index - 2]
                if receiver in (b"self", b"cls"):
                    found.append(occurrence)
        return found[:8]

    # Calls and containers.

    def called(self, values: Values) -> Values:
        """What calling each of ``values`` gives."""
        found: list[Values] = []
        for value in values:
            match value:
                case ClassValue():
                    found.append((InstanceValue(value),))
                case FunctionValue():
                    found.append(self._resolver.functions.returned(value.file, value.node, value.receiver))
                case InstanceValue():
                    found.append(self.called(self.member_value(value, "__call__")))
                case ExternalValue() if value.is_class:
                    found.append((ExternalValue(value.name, False, value.arguments),))
                case _:
                    pass
        return joined(*found)

    def elements(self, values: Values) -> Values:
        """What iterating over ``values`` gives."""
        found: list[Values] = []
        for value in values:
            if isinstance(value, ExternalValue):
                found.append(element_values(value))
            elif isinstance(value, InstanceValue):
                iterator = self.called(self.member_value(value, "__iter__"))
                found.append(
                    joined(
                        *(
                            element_values(one)
                            if isinstance(one, ExternalValue)
                            else self.called(self.member_value(one, "__next__"))
                            for one in iterator
                        )
                    )
                )
        return joined(*found)

    def item(self, value: ExternalValue, key: bytes) -> Values:
        """What ``value[key]`` gives."""
        return item_values(value, key)

    def super_value(self, file: SourceFile, position: int, given: Values) -> Values:
        """``super()`` in the method around a position, or ``super(given, ...)``."""
        cls = self._resolver.classes.enclosing_class(file, position)
        if given:
            cls = given[0] if isinstance(given[0], ClassValue) else None
        if cls is None:
            return ()
        scope = file.enclosing(position)
        while scope.parent is not None and scope.parent.kind != "class":
            scope = scope.parent
        receiver = self.bound_receiver(file, scope.node) if scope.node.is_function else None
        return (SuperValue(cls, receiver or InstanceValue(cls)),)

    def _entered(self, values: Values) -> Values:
        """What ``with value as`` binds."""
        found: list[Values] = []
        for value in values:
            if isinstance(value, InstanceValue):
                entered = joined(
                    self.called(self.member_value(value, "__enter__")),
                    self.called(self.member_value(value, "__aenter__")),
                )
                found.append(entered or (value,))
            elif isinstance(value, ExternalValue):
                found.append(
                    value.arguments[0] if value.name == "contextmanager" and value.arguments else (value,)
                )
        return joined(*found)

    def _node_at(self, file: SourceFile, position: int) -> Node | None:
        scope = file.enclosing(position)
        return scope.node if scope.parent is not None and file.name_position(scope.node) == position else None
