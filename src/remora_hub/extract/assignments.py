"""Names bound by assignments: at module and class level, and instance attributes through ``self``."""

from __future__ import annotations

import re
from functools import lru_cache

from remora_hub.extract.headers import NAME, split_arguments
from remora_hub.extract.logical_lines import logical_line_end

_SIMPLE_TARGET = re.compile(rb"(" + NAME + rb")[ \t]*+(=(?!=)|:(?!=))")
_ALIAS = re.compile(rb"type[ \t]++(" + NAME + rb")[ \t]*+(?=[\[=])")
_PLAIN_NAME = re.compile(NAME)
# A lone "=": not part of ==, !=, <=, :=, += and the like.
_EQUALS_OR_BRACKET = re.compile(rb"[()\[\]{}]|(?<![=!<>:+\-*/%&|^@~])=(?!=)")
_TUPLE_TARGETS = re.compile(rb"[ \t]*+[(\[]?+(?:[ \t*]*+[\w.\x80-\xff]++[ \t]*+,?+)++[)\]]?+[ \t]*+=(?!=)")


def bound_names(mask: bytes, start: int, end: int) -> list[tuple[bytes, int]]:
    """``(name, position)`` of every plain name that the statement at ``start`` assigns or annotates."""
    simple = _SIMPLE_TARGET.match(mask, start, end)
    if simple:
        first = (simple.group(1), start)
        if simple.group(2) == b":" or mask.find(b"=", simple.end(), end) < 0:
            return [first]
    elif mask[start : start + 1] not in b"([*" and b"," not in mask[start:end]:
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
            depth += 1 if found in b"([{" else -1
        elif depth == 0:
            spans.append((left, match.start()))
            left = match.end()
    return spans


def _names_in(mask: bytes, start: int, end: int) -> list[tuple[bytes, int]]:
    """Plain names of one target list; attributes and subscripts bind no name."""
    names = []
    for left, right in split_arguments(mask, start, end):
        while mask[left : left + 1] in (b"*", b" "):
            left += 1
        piece = mask[left:right]
        if _PLAIN_NAME.fullmatch(piece):
            names.append((piece, left))
        elif piece[:1] in (b"(", b"[") and piece[-1:] in (b")", b"]"):
            names += _names_in(mask, left + 1, right - 1)
    return names


@lru_cache(maxsize=64)
def _through(receiver: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"(?<![\w.\x80-\xff])" + re.escape(receiver) + rb"\.(" + NAME + rb")(?=[ \t]*+(=(?!=)|:(?!=)|[,)\]]))"
        rb"|\b(?:as|for)[ \t]++" + re.escape(receiver) + rb"\.(" + NAME + rb")"
    )


def assigned_attributes(mask: bytes, receiver: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """``(name, position, statement end)`` of the attributes assigned through ``receiver`` (``self``), first ones only."""
    found: dict[bytes, tuple[bytes, int, int]] = {}
    if mask.find(receiver + b".", start, end) < 0:
        return []
    for match in _through(receiver).finditer(mask, start, end):
        group = 1 if match.group(1) else 3
        name = match.group(group)
        if name in found or (group == 1 and not _is_assignment(mask, match.start(), match.group(2), start)):
            continue
        line_end = min(logical_line_end(mask, match.start())[0], end)
        found[name] = (name, match.start(group), match.start() + len(mask[match.start() : line_end].rstrip()))
    return list(found.values())


def _is_assignment(mask: bytes, position: int, operator: bytes, start: int) -> bool:
    """Whether ``self.name`` followed by ``operator`` is a target rather than a value, slice, key or argument."""
    if operator == b"=":
        return True
    line_start = mask.rfind(b"\n", start, position) + 1
    if operator == b":":
        return not mask[line_start:position].strip() and _is_at_top(mask, start, position)
    return _TUPLE_TARGETS.match(mask, line_start) is not None and _is_at_top(mask, start, line_start)


def _is_at_top(mask: bytes, start: int, position: int) -> bool:
    before = mask[start:position]
    return all(before.count(a) == before.count(b) for a, b in ((b"(", b")"), (b"[", b"]"), (b"{", b"}")))
