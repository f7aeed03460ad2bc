"""What annotations say (PEP 484, 585, 604): the objects that a name so annotated may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora_hub.query.resolution.classes import pieces
from remora_hub.query.resolution.values import (
    ClassValue,
    ExternalValue,
    InstanceValue,
    Value,
    Values,
    instances,
    joined,
)
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.syntax.roles import Role, Roles, TokenSpan

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

_TRANSPARENT = frozenset(
    (
        "Optional",
        "Union",
        "Annotated",
        "Final",
        "ClassVar",
        "Required",
        "NotRequired",
        "ReadOnly",
        "Awaitable",
        "InitVar",
    )
)
_ONLY_FIRST = frozenset(("Annotated",))
_QUOTE = b'"'


class Annotations:
    """Reads annotations as spans of tokens."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._in_progress: set[tuple[str, int, TokenSpan]] = set()

    def objects(
        self, file: SourceFile, roles: Roles, span: TokenSpan, receiver: Value | None = None
    ) -> Values:
        """What an object annotated so may be; ``receiver`` is what ``Self`` stands for."""
        key = file.path, roles.line.start, span
        if key in self._in_progress:
            return ()  # an alias of itself
        self._in_progress.add(key)
        try:
            return self._objects(file, roles, span, receiver)
        finally:
            self._in_progress.discard(key)

    def _objects(self, file: SourceFile, roles: Roles, span: TokenSpan, receiver: Value | None) -> Values:
        first, last = span
        line = roles.line
        if first < last and line.texts[first] == _QUOTE and line.closing(first) >= last - 1:
            first, last = first + 1, min(line.closing(first), last)  # a forward reference
        if first >= last:
            return ()
        alternatives = self._alternatives(roles, first, last)
        if len(alternatives) > 1:
            return joined(*(self.objects(file, roles, one, receiver) for one in alternatives))
        if line.texts[first] == b"None":
            return (ExternalValue("None"),)
        if line.texts[first] == b"*":
            return self.objects(file, roles, (first + 1, last), receiver)
        subscript = self._subscript_of(roles, first, last)
        if subscript is None:
            return self._plain(file, roles, first, last, receiver)
        inside = pieces(line.texts, line.partner, subscript + 1, line.closing(subscript))
        return self._generic(file, roles, (first, subscript), inside, receiver)

    def generic(
        self, file: SourceFile, roles: Roles, value: ExternalValue, inside: list[TokenSpan]
    ) -> Values:
        """An external class with its type arguments, as a class."""
        arguments = tuple(self.objects(file, roles, span) for span in inside)
        return (ExternalValue(value.name, True, arguments),)

    def _generic(
        self, file: SourceFile, roles: Roles, head: TokenSpan, inside: list[TokenSpan], receiver: Value | None
    ) -> Values:
        name = roles.line.texts[head[1] - 1].decode("utf-8", "replace")
        if name in _TRANSPARENT:
            wanted = inside[:1] if name in _ONLY_FIRST else inside
            return joined(*(self.objects(file, roles, span, receiver) for span in wanted))
        if name in ("Type", "type") and inside:
            found = self.objects(file, roles, inside[0], receiver)
            return tuple(value.cls for value in found if isinstance(value, InstanceValue))
        if name == "Literal":
            return (ExternalValue("str"),)
        arguments = tuple(self.objects(file, roles, span, receiver) for span in inside)
        objects: list[Value] = []
        for value in self._resolver.expressions.evaluate(file, roles, *head):
            if isinstance(value, ClassValue):
                objects.append(InstanceValue(value, arguments))
            elif isinstance(value, ExternalValue):
                objects.append(ExternalValue(value.name, False, arguments))
        return tuple(objects)

    def _plain(self, file: SourceFile, roles: Roles, first: int, last: int, receiver: Value | None) -> Values:
        if roles.line.texts[last - 1] == b"Self" and receiver is not None:
            return (receiver,)
        if last - first == 1 and roles.line.is_name(first):
            variable = self._type_variable(file, roles, first, receiver)
            if variable is not None:
                return variable
        return instances(self._resolver.expressions.evaluate(file, roles, first, last))

    def _type_variable(
        self, file: SourceFile, roles: Roles, index: int, receiver: Value | None
    ) -> Values | None:
        """What a name that is a type variable or an alias stands for; None if it is neither."""
        occurrence = Occurrence(roles.line.starts[index], roles, index)
        visible = self._resolver.names.visible(file, occurrence)
        if visible is None:
            return None
        name = roles.line.texts[index].decode("utf-8", "replace")
        owner = self._resolver.classes.enclosing_class(file, roles.line.start)
        if isinstance(receiver, InstanceValue) and owner is not None:
            argument = self._resolver.classes.type_argument(receiver, owner, name)
            if argument:
                return argument
        for entity in self._resolver.names.follow(visible):
            for binding in entity.bindings:
                origin = binding.roles.origins.get(binding.index)
                if binding.role is Role.TYPE_PARAMETER:
                    bound = origin.annotation if origin else None
                    return self.objects(entity.file, binding.roles, bound) if bound else ()
                if origin is None or origin.value is None or binding.role not in _ALIASING:
                    continue
                head = binding.roles.line.texts[origin.value[0]]
                if b"TypeVar" in binding.roles.line.texts[origin.value[0] : origin.value[0] + 3]:
                    return self._bound(entity.file, binding.roles, origin.value)
                if head in (b"NewType", b"TypedDict"):
                    return ()
                return self.objects(entity.file, binding.roles, origin.value, receiver)
        return None

    def _bound(self, file: SourceFile, roles: Roles, value: TokenSpan) -> Values:
        """The ``bound`` of ``TypeVar("T", bound=...)``."""
        texts = roles.line.texts
        for index in range(*value):
            if texts[index] == b"bound" and texts[index + 1 : index + 2] == [b"="]:
                outer = roles.line.outer[index]
                end = roles.line.closing(outer) if outer >= 0 else value[1]
                return self.objects(file, roles, pieces(texts, roles.line.partner, index + 2, end)[0])
        return ()

    def _alternatives(self, roles: Roles, first: int, last: int) -> list[TokenSpan]:
        texts = roles.line.texts
        cuts = [index for index in roles.line.at_level(first, last) if texts[index] == b"|"]
        return list(zip([first, *(cut + 1 for cut in cuts)], [*cuts, last], strict=True))

    def _subscript_of(self, roles: Roles, first: int, last: int) -> int | None:
        for index in roles.line.at_level(first, last):
            if roles.line.texts[index] == b"[" and index > first and roles.line.closing(index) >= last - 1:
                return index
        return None


_ALIASING = frozenset((Role.ASSIGNED, Role.ANNOTATED, Role.TYPE_ALIAS))
