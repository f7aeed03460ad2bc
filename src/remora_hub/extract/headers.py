"""The header of a definition, read off the mask: name, parameters, return annotation, bases, where the body begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+"
_SPACE = rb"(?:[ \t\f]|\\\r?\n)"
_HEADER = re.compile(rb"(?:(async)" + _SPACE + rb"++)?(?:def|class)" + _SPACE + rb"++(" + NAME + rb")" + _SPACE + rb"*+")
_FLAT_PARENTHESES = re.compile(rb"\(([^()\[\]{}]*+)\)")
_BRACKET = re.compile(rb"[()\[\]{}]")
_COLON = re.compile(rb"[()\[\]{}:]")
_LAMBDA = re.compile(rb"\blambda\b[^:]*+:")
_COMMA = re.compile(rb"[()\[\]{},]")
_WHITE = re.compile(rb"(?:\s|\\)*+")


@dataclass(frozen=True, slots=True)
class Header:
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
    match = _HEADER.match(mask, start, end)
    if match is None:
        return None
    name_start, name_end = match.span(2)
    position = match.end()
    if mask[position : position + 1] == b"[":  # type parameters, PEP 695
        position = _WHITE.match(mask, closing_bracket(mask, position, end), end).end()  # type: ignore[union-attr]  # matches empty
    parameters = (position, position)
    if mask[position : position + 1] == b"(":
        flat = _FLAT_PARENTHESES.match(mask, position, end)
        closing = flat.end() if flat else closing_bracket(mask, position, end)
        parameters = (position + 1, max(position + 1, closing - 1))
        position = closing
    colon = _header_colon(mask, position, end)
    returns = b"->" in mask[position:colon]
    return Header(match.group(2), name_start, name_end, parameters, returns, colon, match.group(1) is not None)


def closing_bracket(mask: bytes, start: int, end: int) -> int:
    """The position behind the bracket that closes the one at ``start``; ``end`` if none does."""
    depth = 0
    for match in _BRACKET.finditer(mask, start, end):
        depth += 1 if match.group() in b"([{" else -1
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
            depth += 1 if found in b"([{" else -1
    return end


def split_arguments(mask: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the comma-separated pieces between ``start`` and ``end``, stripped of white space, empty ones left out."""
    text = mask[start:end]
    cuts = [-1]
    depth = 0
    for match in _COMMA.finditer(text):
        found = match.group()
        if found == b",":
            if depth == 0:
                cuts.append(match.start())
        else:
            depth += 1 if found in b"([{" else -1
    cuts.append(len(text))
    spans = []
    for left, right in zip(cuts, cuts[1:], strict=False):
        piece = text[left + 1 : right]
        stripped = piece.strip(b" \t\f\r\n\\")
        if stripped:
            begin = start + left + 1 + piece.index(stripped)
            spans.append((begin, begin + len(stripped)))
    return spans


def count_annotations(mask: bytes, header: Header, is_method: bool) -> tuple[int, int]:
    """``(annotated, annotatable)`` counts: parameters without ``self``/``cls`` and the bare ``*`` and ``/``, and the return."""
    text = mask[header.parameters[0] : header.parameters[1]]
    if b"lambda" in text:
        text = _LAMBDA.sub(lambda found: b" " * len(found.group()), text)
    pieces = [text[a:b] for a, b in split_arguments(text, 0, len(text))]
    names = [piece for piece in pieces if piece not in (b"*", b"/")]
    if is_method and names and b":" not in names[0].partition(b"=")[0]:
        names = names[1:]
    annotated = sum(b":" in piece.partition(b"=")[0] for piece in names)
    return annotated + header.returns, len(names) + 1
