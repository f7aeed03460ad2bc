"""Classes: their bases, the order in which members are looked up, the members (language reference, section 3.3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora_hub.query.file_facts import Node
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.values import ClassValue, ExternalValue, InstanceValue, Values
from remora_hub.query.source_file import Binding, SourceFile
from remora_hub.syntax.roles import Role, Roles, TokenSpan

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

Base = ClassValue | ExternalValue


class Classes:
    """Members of classes through their hierarchy."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._orders: dict[tuple[str, str], list[Base]] = {}
        self._in_progress: set[tuple[str, str]] = set()

    def bases(self, cls: ClassValue) -> list[Base]:
        """What a class derives from, in order; a base that cannot be decided is an external one without a name."""
        file = cls.file
        roles = file.roles_at(file.code.offset(*cls.node.range[:2]))
        if roles.bases is None:
            return []
        found: list[Base] = []
        for first, last in pieces(roles.line.texts, roles.line.partner, *roles.bases):
            if roles.by_token.get(first) is Role.KEYWORD:
                continue
            values = self._resolver.expressions.evaluate(file, roles, first, last)
            classes = [value for value in values if isinstance(value, ClassValue) and value.key != cls.key]
            external = [value for value in values if isinstance(value, ExternalValue)]
            found.append(classes[0] if classes else external[0] if external else ExternalValue("", True))
        return found

    def order(self, cls: ClassValue) -> list[Base]:
        """The method resolution order: C3 where it exists, else depth first."""
        known = self._orders.get(cls.key)
        if known is not None:
            return known
        if cls.key in self._in_progress:
            return [cls]
        self._in_progress.add(cls.key)
        try:
            bases = self.bases(cls)
            orders: list[list[Base]] = [
                self.order(base) if isinstance(base, ClassValue) else [base] for base in bases
            ]
            found = [cls, *_merge([*orders, bases])]
        finally:
            self._in_progress.discard(cls.key)
        self._orders[cls.key] = found
        return found

    def own_members(self, cls: ClassValue) -> dict[str, list[Node]]:
        """The nodes directly in a class, by name; attributes assigned through ``self`` are among them."""
        members = cls.file.members.get(cls.node.qualname, {})
        if len(cls.file.redefined[cls.node.qualname]) == 1:
            return members
        first, _, last, _ = cls.node.range
        own = {name: [n for n in nodes if first <= n.range[0] <= last] for name, nodes in members.items()}
        return {name: nodes for name, nodes in own.items() if nodes}

    def member(
        self, cls: ClassValue, name: str, *, behind: ClassValue | None = None
    ) -> tuple[Entity | None, bool]:
        """The member ``name`` of a class, and whether it may be an external one; see ``member_and_owner``."""
        entity, _, may_be_external = self.member_and_owner(cls, name, behind=behind)
        return entity, may_be_external

    def member_and_owner(
        self, cls: ClassValue, name: str, *, behind: ClassValue | None = None
    ) -> tuple[Entity | None, ClassValue | None, bool]:
        """The same with the class that defines it. ``behind`` is where in the order of ``cls`` the search begins."""
        may_be_external = False
        if behind is None and name in self.own_members(cls):
            return self.member_entity(cls, name), cls, False  # whatever it inherits
        order = self.order(cls)
        if behind is not None:
            order = order if any(_is_same(behind, base) for base in order) else self.order(behind)
            order = order[next(number for number, base in enumerate(order) if _is_same(behind, base)) + 1 :]
        for base in order:
            if isinstance(base, ExternalValue):
                may_be_external = may_be_external or base.name not in _WITHOUT_MEMBERS
            elif name in self.own_members(base) or self._stores(base, name):
                return self.member_entity(base, name), base, may_be_external
        return None, None, may_be_external

    def member_entity(self, cls: ClassValue, name: str) -> Entity:
        """The entity of a member that the class itself defines."""
        file = cls.file
        scope = file.scope_of_node(cls.node)
        nodes = tuple(self.own_members(cls).get(name, ()))
        bindings = file.bindings(name, scope) if nodes else self._stores(cls, name)
        return Entity(file, scope.start, name, nodes, tuple(bindings))

    def _stores(self, cls: ClassValue, name: str) -> list[Binding]:
        """Where methods of a class assign ``name`` through their first parameter, be it ``cls``."""
        file = cls.file
        scope = file.scope_of_node(cls.node)
        found = []
        for position in file.code.occurrences_within(name.encode(), scope.start, scope.end):
            occurrence = file.occurrence_at(position)
            if occurrence is None or occurrence.index not in occurrence.roles.stores or occurrence.index < 2:
                continue
            method = file.enclosing(position)
            parameters = file.roles_at(method.start).parameters if method.kind == "function" else []
            line = occurrence.roles.line
            if (
                parameters
                and method.parent is scope
                and line.texts[occurrence.index - 2] == file.roles_at(method.start).line.texts[parameters[0]]
            ):
                role = (
                    Role.ANNOTATED if occurrence.roles.origins[occurrence.index].annotation else Role.ASSIGNED
                )
                found.append(Binding(name, role, scope, position, occurrence.roles, occurrence.index))
        return found

    def type_argument(self, receiver: InstanceValue, owner: ClassValue, variable: str) -> Values | None:
        """What the type variable of a generic class stands for in an object; None if it is none of that class's."""
        variables = self._type_variables(owner)
        if variable not in variables:
            return None
        number = variables.index(variable)
        if receiver.cls.key == owner.key:
            return receiver.arguments[number] if number < len(receiver.arguments) else ()
        for cls in self.order(receiver.cls):
            if isinstance(cls, ExternalValue):
                continue
            for roles, head, inside in self._subscripted_bases(cls):
                values = self._resolver.expressions.evaluate(cls.file, roles, *head)
                if any(isinstance(one, ClassValue) and one.key == owner.key for one in values):
                    spans = inside[number : number + 1]
                    return self._resolver.annotations.objects(cls.file, roles, spans[0]) if spans else ()
        return ()

    def _type_variables(self, cls: ClassValue) -> list[str]:
        """The type parameters of a class: its own list (PEP 695), else the names its bases are subscripted with."""
        roles = cls.file.roles_at(cls.file.code.offset(*cls.node.range[:2]))
        texts = roles.line.texts
        own = [index for index, role in roles.by_token.items() if role is Role.TYPE_PARAMETER]
        if not own:
            spans = [span for _, _, inside in self._subscripted_bases(cls) for span in inside]
            own = [first for first, last in spans if last - first == 1]
        return list(dict.fromkeys(texts[index].decode("utf-8", "replace") for index in sorted(own)))

    def _subscripted_bases(self, cls: ClassValue) -> list[tuple[Roles, TokenSpan, list[TokenSpan]]]:
        """Of each base such as ``Base[X, Y]`` the line, the tokens before the bracket and the pieces within."""
        roles = cls.file.roles_at(cls.file.code.offset(*cls.node.range[:2]))
        line = roles.line
        found = []
        for first, last in pieces(line.texts, line.partner, *roles.bases) if roles.bases else ():
            for index in line.at_level(first, last):
                if line.texts[index] == b"[" and index > first:
                    inside = pieces(line.texts, line.partner, index + 1, line.closing(index))
                    found.append((roles, (first, index), inside))
                    break
        return found

    def enclosing_class(self, file: SourceFile, position: int) -> ClassValue | None:
        """The class whose method, or body, code at ``position`` belongs to."""
        scope = file.enclosing(position)
        while scope.parent is not None:
            if scope.kind == "class":
                return ClassValue(file, scope.node)
            scope = scope.parent
        return None


_WITHOUT_MEMBERS = frozenset(("object", "Generic", "Protocol", "ABC"))


def pieces(texts: list[bytes], partner: list[int], first: int, last: int) -> list[tuple[int, int]]:
    """The comma-separated pieces between two tokens, empty ones left out."""
    found = []
    begin = index = first
    while index < last:
        if texts[index] == b",":
            found.append((begin, index))
            begin = index + 1
        index = max(partner[index], index) + 1
    found.append((begin, last))
    return [(left, right) for left, right in found if left < right]


def _merge(orders: list[list[Base]]) -> list[Base]:
    """C3 (https://www.python.org/download/releases/2.3/mro/); where it fails, the first that is left comes next."""
    merged: list[Base] = []
    orders = [order for order in orders if order]
    while orders:
        for order in orders:
            head = order[0]
            if not any(_is_among(head, other[1:]) for other in orders):
                break
        else:
            head = orders[0][0]
        merged.append(head)
        orders = [rest for order in orders if (rest := [base for base in order if not _is_same(base, head)])]
    return merged


def _is_among(base: Base, others: list[Base]) -> bool:
    return any(_is_same(base, other) for other in others)


def _is_same(one: Base, other: Base) -> bool:
    if isinstance(one, ClassValue):
        return isinstance(other, ClassValue) and one.key == other.key
    return isinstance(other, ExternalValue) and one.name == other.name
