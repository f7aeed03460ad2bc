"""Annotations in quotes (PEP 484, "Forward references"): code, though the tokenizer calls them strings.

In the mask they are made visible again, so that they count as mentions of the classes they name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from remora_hub.syntax.headers import Header, split_arguments

Span = tuple[int, int]

_QUOTED = re.compile(rb'"[^"]*+"')
_TYPE_EXPRESSION = re.compile(
    rb"[A-Za-z_\x80-\xff][\w.\x80-\xff]*+(?:[ \t]*+[\[\],|.][ \t]*+[\w.\x80-\xff]*+)*+"
)
_LITERAL = re.compile(rb"Literal[ \t]*+\[[^\]]*+\Z")
_ASSIGNMENT = re.compile(rb"(?<![=!<>:])=(?!=)")


def header_annotations(mask: bytes, header: Header) -> list[Span]:
    """The annotations with quotes in a function's header: those of its parameters, and of what it returns."""
    if mask.find(b'"', header.name_end, header.colon) < 0:
        return []
    spans = []
    for start, end in split_arguments(mask, *header.parameters):
        span = declared_annotation(mask, start, end)
        if span is not None:
            spans.append(span)
    if header.returns:
        spans.append((header.parameters[1], header.colon))
    return spans


def declared_annotation(mask: bytes, start: int, end: int) -> Span | None:
    """The annotation in ``name: annotation = value``; None if there is none."""
    colon = mask.find(b":", start, end)
    if colon < 0:
        return None
    assignment = _ASSIGNMENT.search(mask, start, end)
    if assignment is None:
        return colon + 1, end
    return (colon + 1, assignment.start()) if colon < assignment.start() else None


def reveal(mask: bytes, source: bytes, annotations: Sequence[Span]) -> tuple[bytes, list[bytes]]:
    """The mask with the types quoted in ``annotations`` made visible, and their texts. Positions stay.

    What is no type expression, or stands in ``Literal[...]``, is a string all the same.
    """
    shown: bytearray | None = None
    texts: list[bytes] = []
    for start, end in annotations:
        for quoted in _QUOTED.finditer(mask, start, end):
            first, last = quoted.start() + 1, quoted.end() - 1
            text = source[first:last]
            if _TYPE_EXPRESSION.fullmatch(text) and not _LITERAL.search(mask, start, quoted.start()):
                shown = bytearray(mask) if shown is None else shown
                shown[first:last] = text
                texts.append(text)
    return (bytes(shown) if shown is not None else mask), texts
