"""What functions return: their annotation, else what their return statements give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from remora_hub.query.file_facts import Node
from remora_hub.query.resolution.values import (
    ExternalValue,
    InstanceValue,
    Value,
    Values,
    joined,
)
from remora_hub.query.source_file import Scope, SourceFile
from remora_hub.syntax.roles import Roles

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

_RETURN = re.compile(rb"\breturn\b")
_YIELD = re.compile(rb"\byield\b")
_MOST_RETURNS = 6
_LONGEST_BODY_BYTES = 20_000
_MANAGERS = ("contextmanager", "asynccontextmanager")


class Functions:
    """Return values, each function looked at once."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[str, str, object], Values] = {}

    def returned(self, file: SourceFile, node: Node, receiver: Value | None) -> Values:
        """What a call of the function gives; for a coroutine function what awaiting that gives."""
        cls = receiver.cls.key if isinstance(receiver, InstanceValue) else None
        key = (file.path, node.suffix, cls)
        if key not in self._known:
            self._known[key] = ()
            self._known[key] = self._returned(file, node, receiver)
        return self._known[key]

    def _returned(self, file: SourceFile, node: Node, receiver: Value | None) -> Values:
        roles = file.roles_at(file.code.offset(*node.range[:2]))
        if roles.returns is not None:
            if self._returns_receiver(roles) and receiver is not None:
                return (receiver,)
            values = self._resolver.annotations.objects(file, roles, roles.returns, receiver)
            return self._managed(node, values)
        return self._managed(node, self._inferred(file, node, receiver))

    def _returns_receiver(self, roles: Roles) -> bool:
        """Whether the return annotation repeats that of the first parameter: ``def m(self: T) -> T``."""
        if not roles.parameters or roles.returns is None:
            return False
        origin = roles.origins.get(roles.parameters[0])
        if origin is None or origin.annotation is None:
            return False
        texts = roles.line.texts
        return texts[slice(*origin.annotation)] == texts[slice(*roles.returns)]

    def _managed(self, node: Node, values: Values) -> Values:
        """What ``contextlib`` makes of a generator function."""
        if not any(decorator.rpartition(".")[2] in _MANAGERS for decorator in node.decorators):
            return values
        entered = self._resolver.types.elements(values)
        return (ExternalValue("contextmanager", arguments=(entered,)),)

    def _inferred(self, file: SourceFile, node: Node, receiver: Value | None) -> Values:
        scope = file.scope_of_node(node)
        if scope.end - scope.start > _LONGEST_BODY_BYTES:
            return ()
        yielded = self._operands(file, scope, _YIELD)
        if yielded:
            return (ExternalValue("Generator", arguments=(yielded[0],)),)
        values = joined(*self._operands(file, scope, _RETURN))
        own = self._resolver.types.bound_receiver(file, node)
        if isinstance(receiver, InstanceValue) and isinstance(own, InstanceValue):
            # ``return self`` gives what the method was called on, be it of a derived class.
            return tuple(receiver if _is_plain(one, own) else one for one in values)
        return values

    def _operands(self, file: SourceFile, scope: Scope, keyword: re.Pattern[bytes]) -> list[Values]:
        """What stands behind the first few ``return`` or ``yield`` of a function's own body."""
        found: list[Values] = []
        for match in keyword.finditer(file.code.mask, scope.start, scope.end):
            if len(found) >= _MOST_RETURNS:
                break
            if file.scope_at(match.start()) is scope:
                roles = file.roles_at(match.start())
                index = roles.line.index_at(match.start()) + 1
                found.append(self._resolver.expressions.evaluate(file, roles, index, self._end(roles, index)))
        return found

    def _end(self, roles: Roles, first: int) -> int:
        texts = roles.line.texts
        for index in roles.line.at_level(first, len(texts)):
            if texts[index] == b";" or (texts[index] == b")" and roles.line.partner[index] < first):
                return index
        return len(texts)


def _is_plain(value: Value, own: InstanceValue) -> bool:
    """Whether a value is an object of the class of ``own``, nothing said of its type parameters."""
    return isinstance(value, InstanceValue) and value.cls.key == own.cls.key and not value.arguments
