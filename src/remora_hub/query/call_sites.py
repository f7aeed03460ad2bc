"""Where code calls something: a name with an argument list behind it, or a decorator, which is called, too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remora_hub.query.source_file import Occurrence, Scope, SourceFile
from remora_hub.syntax.line import KEYWORDS
from remora_hub.syntax.roles import Role

_NAME_BEFORE_ARGUMENTS = re.compile(rb"([A-Za-z_\x80-\xff][\w\x80-\xff]*+)[ \t]*+\(")
_ARGUMENTS = re.compile(rb"[ \t]*+\(")
_DECORATOR = re.compile(
    rb"^[ \t]*+@[ \t]*+((?:[\w\x80-\xff]++[ \t]*+\.[ \t]*+)*+)([\w\x80-\xff]++)", re.MULTILINE
)
_CALLING = frozenset((Role.READ, Role.ATTRIBUTE))


def calls_of(file: SourceFile, name: str) -> Iterator[int]:
    """Where mentions of ``name`` in a file call what it names, in order."""
    mask, length = file.code.mask, len(name.encode())
    for position in file.code.occurrences(name):
        if _ARGUMENTS.match(mask, position + length) or _is_in_decorator(mask, position):
            yield from (call.position for call in _call_at(file, position))


def calls_in(file: SourceFile, scope: Scope) -> Iterator[Occurrence]:
    """The mentions that call something when the code of ``scope`` runs, not that of definitions in it; in order.

    Decorators and default values run with the code around a definition.
    """
    mask = file.code.mask
    positions = {
        match.start(1)
        for match in _NAME_BEFORE_ARGUMENTS.finditer(mask, scope.start, scope.end)
        if match[1] not in KEYWORDS
    }
    positions.update(match.start(2) for match in _DECORATOR.finditer(mask, scope.start, scope.end))
    for position in sorted(positions):
        if file.scope_at(position) is scope:
            yield from _call_at(file, position)


def is_call(occurrence: Occurrence) -> bool:
    """Whether a mention calls what it names."""
    line, index = occurrence.roles.line, occurrence.index
    if occurrence.role not in _CALLING or index in occurrence.roles.stores:
        return False
    if index + 1 == len(line):
        return line.texts[0] == b"@" and line.outer[index] < 0
    return line.texts[index + 1] == b"(" and not _is_in_pattern(occurrence)


def _call_at(file: SourceFile, position: int) -> Iterator[Occurrence]:
    occurrence = file.occurrence_at(position)
    if occurrence is not None and is_call(occurrence):
        yield occurrence


def _is_in_decorator(mask: bytes, position: int) -> bool:
    return mask[mask.rfind(b"\n", 0, position) + 1 : position].lstrip().startswith(b"@")


def _is_in_pattern(occurrence: Occurrence) -> bool:
    """Whether it is the class of a class pattern (PEP 634), which calls nothing."""
    line = occurrence.roles.line
    if line.texts[0] != b"case" or 0 in occurrence.roles.by_token:
        return False
    ends = (index for index in line.at_level(0, len(line)) if line.texts[index] in (b"if", b":"))
    return occurrence.index < next(ends, 0)
