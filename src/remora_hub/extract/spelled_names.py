"""Names of definitions by their spelling alone: what a search can offer before any file has been parsed.

Nothing is parsed, so text in a string may be taken for a definition, and one that is written in an unusual way is
missed. Takes a thirtieth of the time of extraction.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from remora_hub.extract.scopes import is_test_path
from remora_hub.facts import pack_places

_NAME = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*+"
# The line end in front is what makes the search fast; ``^`` takes six times as long.
_DEFINITION = re.compile(
    rb"\n(?:([ \t]*+)(?:(class)|(?:async[ \t]++)?def)[ \t]++(" + _NAME + rb")"
    rb"|(" + _NAME + rb")[ \t]*+(?::[^=\n]*+)?=(?!=))"
)


class SpelledNames(NamedTuple):
    """The suffixes of keys, the module's first, and ``places``, as in ``facts.PackedFile``."""

    suffixes: list[str]
    places: str


class _Spelled(msgspec.Struct, gc=False):
    """``facts.PlacedNode``."""

    kind: str
    range: tuple[int, int, int, int]
    is_test: bool
    is_exported: bool
    name_at: tuple[int, int] | None = None


class _Outer(NamedTuple):
    indent: int
    prefix: str
    is_class: bool
    is_exported: bool


def spelled_names(path: str, data: bytes) -> SpelledNames:
    """The names of what seems to be defined in the file at ``path``, in source order."""
    in_tests = is_test_path(path)
    suffixes, nodes = ["<module>"], [_Spelled("module", (1, 0, 1, 0), in_tests, True)]
    around = [_Outer(-1, "", False, True)]
    bound: dict[str, int] = {}
    line, counted = 0, 0
    data = b"\n" + data
    for match in _DEFINITION.finditer(data):
        indent, is_class, defined, assigned = match.groups()
        start = match.start(4 if assigned else 3)
        line += data.count(b"\n", counted, start)
        counted = start
        column = start - match.start() - 1
        name = (assigned or defined).decode("utf-8", "replace")
        while around[-1].indent >= len(indent or b""):
            around.pop()
        outer = around[-1]
        qualname = outer.prefix + name
        times = bound[qualname] = bound.get(qualname, 0) + 1
        if assigned:
            if times > 1:
                continue  # a variable that is bound again is the same
            kind = "constant" if name.isupper() else "variable"
        else:
            kind = "class" if is_class else "method" if outer.is_class else "function"
        is_exported = outer.is_exported and not name.startswith("_")
        if defined:
            around.append(_Outer(len(indent), qualname + ".", bool(is_class), is_exported and bool(is_class)))
        suffixes.append(qualname if times == 1 else f"{qualname}#{times}")
        is_test = in_tests and name.startswith("Test" if is_class else "test") and not assigned
        nodes.append(_Spelled(kind, (line, column, line, column), is_test, is_exported))
    return SpelledNames(suffixes, pack_places(nodes))
