"""What an expression evaluates to: names, attributes, calls, subscripts and displays; the rest is unknown."""

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
from remora_hub.syntax.roles import Roles

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

_DEEPEST = 40
_COMPARING = frozenset((b"==", b"!=", b"<", b">", b"<=", b">=", b"in", b"is", b"not"))
_JOINING = frozenset((b"and", b"or"))
_ARITHMETIC = frozenset((b"+", b"-", b"*", b"/", b"//", b"%", b"@", b"**", b"&", b"|", b"^", b"<<", b">>"))
_CONSTANTS = {b"None": "None", b"True": "bool", b"False": "bool"}


class Expressions:
    """Evaluates spans of tokens in the lines of a file."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[str, int, int, int], Values] = {}
        self._depth = 0

    def evaluate(self, file: SourceFile, roles: Roles, first: int, last: int) -> Values:
        """The values of the expression in the tokens from ``first`` to before ``last``."""
        if first >= last or self._depth > _DEEPEST:
            return ()
        key = (file.path, roles.line.start, first, last)
        if key not in self._known:
            self._known[key] = ()  # an expression that depends on itself adds nothing
            self._depth += 1
            try:
                self._known[key] = self._evaluate(file, roles, first, last)
            finally:
                self._depth -= 1
        return self._known[key]

    def _evaluate(self, file: SourceFile, roles: Roles, first: int, last: int) -> Values:
        texts = roles.line.texts
        if texts[first] in (b"await", b"*"):
            return self.evaluate(file, roles, first + 1, last)
        if texts[first] in (b"lambda", b"yield"):
            return ()
        level = roles.line.at_level(first, last)
        found = {texts[index]: index for index in reversed(level)}
        if b"if" in found and b"else" in found:
            return joined(
                self.evaluate(file, roles, first, found[b"if"]),
                self.evaluate(file, roles, found[b"else"] + 1, last),
            )
        if b":=" in found:
            return self.evaluate(file, roles, found[b":="] + 1, last)
        if b"," in found:
            return (self._tuple(file, roles, first, last),)
        cuts = [index for index in level if texts[index] in _JOINING]
        if cuts:
            parts = zip([first, *(cut + 1 for cut in cuts)], [*cuts, last], strict=True)
            return joined(*(self.evaluate(file, roles, *part) for part in parts))
        if not _COMPARING.isdisjoint(found):
            return (ExternalValue("bool"),)
        operators = [index for index in level if texts[index] in _ARITHMETIC and index > first]
        if operators:
            return self._operation(file, roles, first, operators[0])
        return self.primary(file, roles, first, last)

    def _operation(self, file: SourceFile, roles: Roles, first: int, operator: int) -> Values:
        """Arithmetic: what the left side's class says; of external objects, the same again (``"a" + b``)."""
        names = _OPERATOR_METHODS.get(roles.line.texts[operator])
        left = self.evaluate(file, roles, first, operator)
        found: list[Values] = []
        for value in left:
            if isinstance(value, InstanceValue) and names:
                member = self._resolver.types.member_value(value, names)
                found.append(self._resolver.types.called(member))
            elif isinstance(value, ExternalValue):
                found.append((value,))
        return joined(*found)

    def primary(self, file: SourceFile, roles: Roles, first: int, last: int) -> Values:
        """An atom with what trails it: attributes, calls, subscripts."""
        line = roles.line
        values, index = self._atom(file, roles, first, last)
        while index < last and values:
            text = line.texts[index]
            if text == b"." and index + 1 < last:
                values = self._resolver.types.attribute(
                    values, line.texts[index + 1].decode("utf-8", "replace")
                )
                index += 2
            elif text == b"(" and line.ends_operand(index - 1):
                values = self._call(file, roles, values, first, index)
                index = line.closing(index) + 1
            elif text == b"[" and line.ends_operand(index - 1):
                values = self._subscript(file, roles, values, index)
                index = line.closing(index) + 1
            elif text == b'"':
                index = line.closing(index) + 1  # implicit concatenation
            else:
                return ()
        return values

    def receiver(self, file: SourceFile, roles: Roles, dot: int) -> Values:
        """The values of what stands before the dot at ``dot``."""
        first = self.primary_start(roles, dot)
        if first == dot - 1 and roles.line.texts[first] == b"self":
            receiver = self._resolver.types.plain_self(file, roles.line.starts[first])
            if receiver is not None:
                return (receiver,)
        return self.evaluate(file, roles, first, dot) if first < dot else ()

    def primary_start(self, roles: Roles, end: int) -> int:
        """The first token of the atom and its trailers that end before ``end``."""
        line = roles.line
        index = end - 1
        while index >= 0:
            if 0 <= line.partner[index] < index:
                index = line.partner[index]
                is_trailer = line.texts[index] in (b"(", b"[") and line.ends_operand(index - 1)
                if is_trailer or (line.texts[index] == b'"' and index and line.texts[index - 1] == b'"'):
                    index -= 1
                    continue
            elif not (line.is_name(index) or line.ends_operand(index)):
                return index + 1
            if index and line.texts[index - 1] == b".":
                index -= 2
                continue
            return index
        return 0

    def _atom(self, file: SourceFile, roles: Roles, first: int, last: int) -> tuple[Values, int]:
        line = roles.line
        text = line.texts[first]
        if line.is_name(first):
            occurrence = Occurrence(line.starts[first], roles, first)
            return self._resolver.types.name(file, occurrence), first + 1
        behind = line.closing(first) + 1
        if text == b"(":
            inside = first + 1, min(behind - 1, last)
            if inside[0] >= inside[1]:
                return (ExternalValue("tuple"),), behind
            if self._comprehends(roles, *inside):
                return (ExternalValue("Generator", arguments=(self._element(file, roles, *inside),)),), behind
            return self.evaluate(file, roles, *inside), behind
        if text in (b"[", b"{"):
            return (self._display(file, roles, first, min(behind - 1, last)),), behind
        if text == b'"':
            return (ExternalValue("str"),), behind
        if text in _CONSTANTS:
            return (ExternalValue(_CONSTANTS[text]),), first + 1
        if text[:1].isdigit():
            return (ExternalValue("int"),), first + 1
        if text in (b"-", b"+", b"~"):
            return self.primary(file, roles, first + 1, last), last
        return (), last

    def _tuple(self, file: SourceFile, roles: Roles, first: int, last: int) -> Value:
        line = roles.line
        elements = pieces(line.texts, line.partner, first, last)
        return ExternalValue("tuple", arguments=tuple(self.evaluate(file, roles, *one) for one in elements))

    def _display(self, file: SourceFile, roles: Roles, opening: int, closing: int) -> Value:
        """A list, set or dictionary; its element is that of its first items."""
        line = roles.line
        first = opening + 1
        is_dict = line.texts[opening] == b"{" and any(
            line.texts[index] in (b":", b"**") for index in line.at_level(first, closing)
        )
        name = "dict" if is_dict else "list" if line.texts[opening] == b"[" else "set"
        if first >= closing:
            return ExternalValue("dict" if line.texts[opening] == b"{" else name)
        if self._comprehends(roles, first, closing):
            closing = next(i for i in line.at_level(first, closing) if line.texts[i] in (b"for", b"async"))
        keys: list[Values] = []
        elements: list[Values] = []
        for begin, end in pieces(line.texts, line.partner, first, closing)[:4]:
            colon = next((i for i in line.at_level(begin, end) if line.texts[i] == b":"), None)
            if is_dict and colon is not None:
                keys.append(self.evaluate(file, roles, begin, colon))
            first_of_value = begin if colon is None else colon + 1
            elements.append(self.evaluate(file, roles, first_of_value, end))
        arguments = (joined(*keys), joined(*elements)) if is_dict else (joined(*elements),)
        return ExternalValue(name, arguments=arguments)

    def _comprehends(self, roles: Roles, first: int, last: int) -> bool:
        return any(roles.line.texts[index] == b"for" for index in roles.line.at_level(first, last))

    def _element(self, file: SourceFile, roles: Roles, first: int, last: int) -> Values:
        stops = (i for i in roles.line.at_level(first, last) if roles.line.texts[i] in (b"for", b"async"))
        return self.evaluate(file, roles, first, next(stops))

    def _call(self, file: SourceFile, roles: Roles, values: Values, first: int, opening: int) -> Values:
        line = roles.line
        arguments = pieces(line.texts, line.partner, opening + 1, line.closing(opening))
        if opening == first + 1 and line.texts[first] == b"super":
            given = self.evaluate(file, roles, *arguments[0]) if arguments else ()
            return self._resolver.types.super_value(file, line.starts[first], given)
        external = [value.name for value in values if isinstance(value, ExternalValue) and value.is_class]
        if external and arguments and external[0] in _PASSING:
            argument = self.evaluate(file, roles, *arguments[_PASSING[external[0]] % len(arguments)])
            return self._passed(external[0], argument)
        return self._resolver.types.called(values)

    def _passed(self, function: str, argument: Values) -> Values:
        """What some builtin functions make of their argument."""
        types = self._resolver.types
        if function == "type":
            return tuple(value.cls for value in argument if isinstance(value, InstanceValue))
        if function in ("cast", "copy", "deepcopy", "replace"):
            return instances(argument) if function == "cast" else argument
        if function in ("next", "max", "min", "iter_next"):
            return types.elements(argument)
        if function == "enumerate":
            pair: Value = ExternalValue(
                "tuple", arguments=((ExternalValue("int"),), types.elements(argument))
            )
            return (ExternalValue("Iterator", arguments=((pair,),)),)
        return (ExternalValue("list", arguments=(types.elements(argument),)),)

    def _subscript(self, file: SourceFile, roles: Roles, values: Values, opening: int) -> Values:
        line = roles.line
        types = self._resolver.types
        inside = pieces(line.texts, line.partner, opening + 1, line.closing(opening))
        found: list[Values] = []
        for value in values:
            if isinstance(value, ClassValue):
                found.append((value,))  # a generic class with its arguments
            elif isinstance(value, ExternalValue) and value.is_class:
                found.append(self._resolver.annotations.generic(file, roles, value, inside))
            elif isinstance(value, InstanceValue):
                found.append(types.called(types.member_value(value, "__getitem__")))
            elif isinstance(value, ExternalValue):
                is_slice = any(
                    line.texts[i] == b":" for i in line.at_level(opening + 1, line.closing(opening))
                )
                found.append((value,) if is_slice else types.item(value, line.texts[opening + 1]))
        return joined(*found)


_OPERATOR_METHODS = {
    b"+": "__add__",
    b"-": "__sub__",
    b"*": "__mul__",
    b"/": "__truediv__",
    b"//": "__floordiv__",
    b"%": "__mod__",
    b"@": "__matmul__",
    b"**": "__pow__",
    b"&": "__and__",
    b"|": "__or__",
    b"^": "__xor__",
}
# Functions from outside the index that give back what they are given, and which argument that is.
_PASSING = {
    "type": 0,
    "cast": 1,
    "copy": 0,
    "deepcopy": 0,
    "replace": 0,
    "next": 0,
    "max": 0,
    "min": 0,
    "enumerate": 0,
    "sorted": 0,
    "reversed": 0,
    "list": 0,
    "tuple": 0,
    "set": 0,
    "frozenset": 0,
    "iter": 0,
}
