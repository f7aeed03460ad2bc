"""The header of a definition, read off the mask: name, parameters, return annotation, bases, where the body begins."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

NAME = rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+"
_SPACE = rb"(?:[ \t\f]|\\\r?\n)"
_PLAIN = rb"[^()\[\]{}]*+"
_NESTED_ONCE = _PLAIN + rb"(?:[\[({]" + _PLAIN + rb"[\])}]" + _PLAIN + rb")*+"
_BEGINNING = (
    rb"(?:(async)" + _SPACE + rb"++)?(?:def|class)" + _SPACE + rb"++(" + NAME + rb")" + _SPACE + rb"*+"
)
_HEADER = re.compile(_BEGINNING)
# Nearly every header: brackets nested no deeper than in ``x: dict[str, int]``, no type parameters.
_COMMON_HEADER = re.compile(
    _BEGINNING + rb"(?:\((" + _NESTED_ONCE + rb")\))?[ \t]*+"
    rb"(?:->([^:()\[\]{}]*+(?:\[" + _PLAIN + rb"\][^:()\[\]{}]*+)?+))?(?=:)"
)
_BRACKET = re.compile(rb"[()\[\]{}]")
_COLON = re.compile(rb"[()\[\]{}:]")
_LAMBDA = re.compile(rb"\blambda\b[^:]*+:")
_INNERMOST = re.compile(rb"[\[({][^()\[\]{}]*+[\])}]")
_COMMA = re.compile(rb"[()\[\]{},]")
_WHITE = re.compile(rb"(?:\s|\\)*+")
_MARKERS = (b"*", b"/", b"")
_OPENING = frozenset((b"(", b"[", b"{"))
# Whether a byte is in bytes is asked of its number: of a bytes object it takes thirty times as long (CPython 3.11).
_ROUND, _SQUARE, _CURLY, _STAR, _SLASH, _COLON_BYTE = b"([{*/:"
_STRIPPED = b" \t\f\r\n\\"


class Header(NamedTuple):
    """Byte positions in the source. ``parameters`` is the span inside the parentheses (bases, for a class).

    ``colon`` is where the header ends; ``returns`` tells whether ``->`` is there.
    """

    name: bytes
    name_start: int
    name_end: int
    parameters: tuple[int, int]
    returns: bool
    colon: int
    is_async: bool


def read_header(mask: bytes, start: int, end: int) -> Header | None:
    """Read the header of the definition at ``start``; None if there is not even a name (broken code)."""
    common = _COMMON_HEADER.match(mask, start, end)
    if common:
        is_async, name, parameters, returns = common.regs[1:]
        return Header(common[2], *name, parameters, returns[0] >= 0, common.end(), is_async[0] >= 0)
    match = _HEADER.match(mask, start, end)
    if match is None:
        return None
    position = match.end()
    if mask[position : position + 1] == b"[":  # type parameters, PEP 695
        position = skip_white(mask, closing_bracket(mask, position, end), end)
    parameters = (position, position)
    if mask[position : position + 1] == b"(":
        closing = closing_bracket(mask, position, end)
        parameters = (position + 1, max(position + 1, closing - 1))
        position = closing
    colon = _header_colon(mask, position, end)
    has_return = b"->" in mask[position:colon]
    return Header(match[2], *match.span(2), parameters, has_return, colon, match.start(1) >= 0)


def skip_white(mask: bytes, position: int, end: int) -> int:
    """The first position at or behind ``position`` that is neither white space nor a continuation."""
    match = _WHITE.match(mask, position, end)
    return match.end() if match else position


def closing_bracket(mask: bytes, start: int, end: int) -> int:
    """The position behind the bracket that closes the one at ``start``; ``end`` if none does."""
    depth = 0
    for match in _BRACKET.finditer(mask, start, end):
        depth += 1 if match.group() in _OPENING else -1
        if depth == 0:
            return match.end()
    return end


def _header_colon(mask: bytes, start: int, end: int) -> int:
    depth = 0
    for match in _COLON.finditer(mask, start, end):
        found = match.group()
        if found == b":":
            if depth <= 0:
                return match.start()
        else:
            depth += 1 if found in _OPENING else -1
    return end


def split_arguments(mask: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the comma-separated pieces between two positions, stripped of white space, empty ones left out."""
    text = mask[start:end]
    cuts = [-1]
    depth = 0
    for match in _COMMA.finditer(text):
        found = match.group()
        if found == b",":
            if depth == 0:
                cuts.append(match.start())
        else:
            depth += 1 if found in _OPENING else -1
    cuts.append(len(text))
    spans = []
    for left, right in itertools.pairwise(cuts):
        piece = text[left + 1 : right]
        stripped = piece.strip(_STRIPPED)
        if stripped:
            begin = start + left + 1 + piece.index(stripped)
            spans.append((begin, begin + len(stripped)))
    return spans


def count_annotations(mask: bytes, header: Header, is_bound: bool) -> tuple[int, int]:
    """``(annotated, annotatable)`` counts: parameters without the bare ``*`` and ``/``, and the return.

    The first parameter of a method that is bound to its object or class is not counted, unless it is annotated.
    """
    text = mask[header.parameters[0] : header.parameters[1]]
    if is_bound and text == b"self":  # a third of all methods
        return int(header.returns), 1
    if text.find(b"lambda") >= 0:
        text = _LAMBDA.sub(b"", text)
    while _SQUARE in text or _ROUND in text or _CURLY in text:
        text, count = _INNERMOST.subn(b"", text)
        if not count:
            break
    names = text.split(b",")
    if _STAR in text or _SLASH in text or not names[-1].strip(_STRIPPED):
        names = [piece for piece in names if piece.strip(_STRIPPED) not in _MARKERS]
    if is_bound and names and _COLON_BYTE not in names[0]:
        names = names[1:]
    # With brackets and lambdas gone, a colon can only begin an annotation.
    return text.count(b":") + header.returns, len(names) + 1
