"""Names bound by assignments: at module and class level, and instance attributes through ``self``."""

from __future__ import annotations

import re
from operator import itemgetter

from remora_hub.syntax.headers import NAME, split_arguments

_QUOTE = ord('"')
_OPENING = frozenset((b"(", b"[", b"{"))
_SIMPLE_TARGET = re.compile(rb"(" + NAME + rb")[ \t]*+(=(?!=)|:(?!=))")
_ALIAS = re.compile(rb"type[ \t]++(" + NAME + rb")[ \t]*+(?=[\[=])")
_PLAIN_NAME = re.compile(NAME)
# A lone "=": not part of ==, !=, <=, :=, += and the like.
_EQUALS_OR_BRACKET = re.compile(rb"[()\[\]{}]|(?<![=!<>:+\-*/%&|^@~])=(?!=)")
# A value without an "=" outside brackets, these nested no deeper than three: nothing else is assigned in it.
_FLAT = rb"[^()\[\]{}]*+"
_NESTED = _FLAT + rb"(?:[(\[{]" + _FLAT + rb"[)\]}]" + _FLAT + rb")*+"
_NESTED_TWICE = _FLAT + rb"(?:[(\[{]" + _NESTED + rb"[)\]}]" + _FLAT + rb")*+"
_ONE_VALUE = re.compile(rb"(?:[^()\[\]{}=]++|[(\[{]" + _NESTED_TWICE + rb"[)\]}])*+")
# Followed by "=", by ":" (an annotation, or a slice or key), or in a line that assigns to a tuple of targets.
# The pattern begins with plain text, which the engine finds many times faster than a boundary.
_THROUGH_SELF = re.compile(rb"self\.(" + NAME + rb")[ \t]*+(=(?!=)|:(?!=)|[,)\]](?=[^=\n]*+=(?!=)))")
_AS_TARGET = re.compile(rb"\b(?:as|for)[ \t]++(self)\.(" + NAME + rb")")
_BEFORE_SELF = frozenset(bytes([byte]) for byte in b" \t\n\f;:,=([*")
_TUPLE_TARGETS = re.compile(rb"[ \t]*+[(\[]?+(?:[ \t*]*+[\w.\x80-\xff]++[ \t]*+,?+)++[)\]]?+[ \t]*+=(?!=)")


def bound_names(mask: bytes, start: int, end: int) -> list[tuple[bytes, int]]:
    """``(name, position)`` of every plain name that the statement at ``start`` assigns or annotates."""
    simple = _SIMPLE_TARGET.match(mask, start, end)
    if simple:
        value = simple.end()
        if simple[2] == b":" or mask.find(b"=", value, end) < 0 or _ONE_VALUE.fullmatch(mask, value, end):
            return [(simple[1], start)]
    elif mask[start] == _QUOTE or mask.find(b"=", start, end) < 0:
        return []
    elif mask[start] not in b"([*" and mask.find(b",", start, end) < 0:
        alias = _ALIAS.match(mask, start, end)
        return [(alias.group(1), alias.start(1))] if alias else []
    return [found for left, right in _targets(mask, start, end) for found in _names_in(mask, left, right)]


def _targets(mask: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the target lists of ``a = b, c = value``: what stands left of each top-level ``=``."""
    spans = []
    depth = 0
    left = start
    for match in _EQUALS_OR_BRACKET.finditer(mask, start, end):
        found = match.group()
        if found != b"=":
            depth += 1 if found in _OPENING else -1
        elif depth == 0:
            spans.append((left, match.start()))
            left = match.end()
    return spans


def _names_in(mask: bytes, start: int, end: int) -> list[tuple[bytes, int]]:
    """Plain names of one target list; attributes and subscripts bind no name."""
    names = []
    for left, right in split_arguments(mask, start, end):
        begin = left
        while mask[begin : begin + 1] in (b"*", b" "):
            begin += 1
        piece = mask[begin:right]
        if _PLAIN_NAME.fullmatch(piece):
            names.append((piece, begin))
        elif piece[:1] in (b"(", b"[") and piece[-1:] in (b")", b"]"):
            names += _names_in(mask, begin + 1, right - 1)
    return names


def assigned_attributes(mask: bytes) -> list[tuple[bytes, int, int]]:
    """``(name, its position, position of self)`` of every assignment to ``self.name`` in the source, in order."""
    brackets = _Brackets(mask)
    found = [
        (match[1], match.start(1), match.start())
        for match in _THROUGH_SELF.finditer(mask)
        if _is_assignment(mask, match.start(), match[2], brackets)
    ]
    if b" as self." in mask or b"for self." in mask:
        found += [(match[2], match.start(2), match.start(1)) for match in _AS_TARGET.finditer(mask)]
        found.sort(key=itemgetter(1))
    return found


def _is_assignment(mask: bytes, position: int, operator: bytes, brackets: _Brackets) -> bool:
    """Whether ``self.name`` followed by ``operator`` is a target rather than a value, slice, key or argument."""
    if position and mask[position - 1 : position] not in _BEFORE_SELF:
        return False  # another name that ends in "self", or an attribute of that name
    if operator == b"=":
        return True
    line_start = mask.rfind(b"\n", 0, position) + 1
    if operator == b":":
        return not mask[line_start:position].strip() and brackets.are_closed(position)
    return _TUPLE_TARGETS.match(mask, line_start) is not None and brackets.are_closed(line_start)


class _Brackets:
    """Counts the brackets of a mask; asked for ascending positions, each byte once."""

    def __init__(self, mask: bytes) -> None:
        self._mask = mask
        self._counted = 0
        self._open = [0, 0, 0]

    def are_closed(self, position: int) -> bool:
        """Whether before ``position`` as many brackets of each kind are closed as are opened."""
        if position < self._counted:
            self._counted, self._open = 0, [0, 0, 0]
        count = self._mask.count
        for kind, (opening, closing) in enumerate(((b"(", b")"), (b"[", b"]"), (b"{", b"}"))):
            self._open[kind] += count(opening, self._counted, position)
            self._open[kind] -= count(closing, self._counted, position)
        self._counted = position
        return not any(self._open)
