"""Names of definitions by their spelling alone: what a search can offer before any file has been parsed.

Nothing is parsed, so text in a string may be taken for a definition, and one that is written in an unusual way is
missed. Takes a thirtieth of the time of extraction.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import NamedTuple

from remora_hub.extract.scopes import is_test_path
from remora_hub.marks import mark_for

_NAME = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*+"
# The line end in front is what makes the search fast; ``^`` takes six times as long.
# All that may stand before a name on its line is ASCII: no place is a wide one.
_DEFINITION = re.compile(
    rb"\n(?:([ \t]*+)(?:(class)|(?:async[ \t]++)?def)[ \t]++(" + _NAME + rb")"
    rb"|(" + _NAME + rb")[ \t]*+(?::[^=\n]*+)?=(?!=))"
)
# Of a name that is looked for by a part of it, in text that is folded: what is before that on its line, and behind it.
_BEFORE_NAME = re.compile(rb"\n[ \t]*+(class[ \t]++|(?:async[ \t]++)?def[ \t]++)?[\w\x80-\xff]*+")
_BEHIND_NAME = re.compile(rb"[\w\x80-\xff]*+[ \t]*+[:=](?!=)")
_LONGEST_BEFORE = 1000
_OTHER_THAN_NAMES = re.compile(rb"[^a-z0-9_]")


class SpelledNames(NamedTuple):
    """The suffixes of keys, the module's first, and ``places``, as in ``facts.PackedFile``."""

    suffixes: list[str]
    places: str


class _Outer(NamedTuple):
    """A definition that others may stand in."""

    indent: int
    prefix: str
    is_class: bool
    is_exported: bool
    around: _Outer | None


def spelled_names(path: str, data: bytes) -> SpelledNames:
    """The names of what seems to be defined in the file at ``path``, in source order."""
    in_tests = is_test_path(path)
    suffixes, marks, places = ["<module>"], [mark_for("module", in_tests, True)], ["1:0"]
    outer = outermost = _Outer(-1, "", False, True, None)
    bound: dict[str, int] = {}
    line, counted = 0, 0
    data = b"\n" + data.removeprefix(BOM_UTF8)
    for match in _DEFINITION.finditer(data):
        indent, is_class, defined, assigned = match.groups()
        start = match.start(4 if assigned else 3)
        line += data.count(b"\n", counted, start)
        counted = start
        name = str(assigned or defined, "utf-8", "replace")
        if indent:
            while outer.indent >= len(indent):
                outer = outer.around or outermost
        else:
            outer = outermost
        qualname = outer.prefix + name
        times = bound[qualname] = bound.get(qualname, 0) + 1
        is_exported = outer.is_exported and name[0] != "_"
        if assigned:
            if times > 1:
                continue  # a variable that is bound again is the same
            kind = "constant" if name.isupper() else "variable"
        else:
            kind = "class" if is_class else "method" if outer.is_class else "function"
            exports = is_exported and is_class is not None
            outer = _Outer(len(indent), qualname + ".", is_class is not None, exports, outer)
        suffixes.append(qualname if times == 1 else f"{qualname}#{times}")
        marks.append(mark_for(kind, in_tests, is_exported))
        places.append(f"{line}:{start - match.start() - 1}")
    return SpelledNames(suffixes, " ".join(["".join(marks), *places]))


def definitions_of(wanted: str) -> Callable[[bytes], bool] | None:
    """What tells whether a file's bytes seem to define a name with ``wanted`` in it, in either case.

    None where that cannot be told so soon: of no letters at all, or of others than ASCII has.
    """
    part = wanted.lower().encode(errors="replace")
    if not part or _OTHER_THAN_NAMES.search(part):
        return None

    def may_define(data: bytes) -> bool:
        text = b"\n" + data.removeprefix(BOM_UTF8).lower()
        place = text.find(part)
        while place >= 0:
            line = text.rfind(b"\n", max(0, place - _LONGEST_BEFORE), place)
            before = _BEFORE_NAME.fullmatch(text, line, place) if line >= 0 else None
            if before and (before[1] or _BEHIND_NAME.match(text, place + len(part))):
                return True
            place = text.find(part, place + len(part))
        return False

    return may_define
