"""The first line of a docstring (PEP 257), as ``inspect.cleandoc`` would begin it."""

from __future__ import annotations

import ast
import re
import warnings

from remora_hub.extract.mask import STRING, string_prefix
from remora_hub.syntax.headers import closing_bracket

# Nearly every docstring: it begins on a line of its own, and nothing in its first line is to be unescaped.
_COMMON = re.compile(rb'[ \t]*+\r?\n[ \t]*+"""([^"\\\r\n]++)("""(?:[ \t]*+\r?\n|\Z)|\r?\n)')
_QUOTE = ord('"')
_FIRST_STATEMENT = re.compile(rb"[\s;]*+(?:\\\r?\n[ \t]*+)*+")
_STATEMENT_END = re.compile(rb"[ \t\f\v]*+(?:;|\r?\n|$)")
_JOINT = re.compile(rb"(?:[ \t\f]|\\\r?\n)*+")


def first_docstring_line(source: bytes, mask: bytes, body: int, end: int) -> str | None:
    """The first line of the docstring of the body that begins at ``body``; None if there is no docstring."""
    common = _COMMON.match(source, body, end)
    # The mask has no quote inside a string, so the next one closes it.
    if common and (
        common[2][0] == _QUOTE or _STATEMENT_END.match(mask, mask.find(b'"', common.end()) + 1, end)
    ):
        line = common[1].decode("utf-8", "replace").expandtabs().lstrip()
        if line:
            return line
    white = _FIRST_STATEMENT.match(mask, body, end)
    start = white.end() if white else body
    if mask[start : start + 1] == b"(":
        return _evaluated(source, start, closing_bracket(mask, start, end), mask, end)
    if mask[start : start + 1] != b'"':
        return None
    literal = STRING.match(source, start)
    if literal is None:
        return None
    prefix = string_prefix(source[max(body, start - 3) : start])
    if prefix.lower() not in (b"", b"r", b"u"):
        return None
    stop = literal.end()
    if not _STATEMENT_END.match(mask, stop, end):
        return _evaluated(source, start - len(prefix), _last_literal(source, mask, stop, end), mask, end)
    text = literal.group()
    quote = 3 if text[:3] in (b'"""', b"'''") else 1
    content = text[quote:-quote]
    if b"\\" in content and prefix.lower() != b"r":
        return _evaluated(source, start - len(prefix), stop, mask, end)
    return _first_line(content.decode("utf-8", "replace"))


def _last_literal(source: bytes, mask: bytes, stop: int, end: int) -> int:
    """The end of a run of adjacent string literals on one logical line (implicit concatenation)."""
    position = stop
    while True:
        following = _JOINT.match(mask, position, end)
        place = following.end() if following else position
        literal = STRING.match(source, place)
        if mask[place : place + 1] != b'"' or literal is None:
            return position
        position = literal.end()


def _evaluated(source: bytes, start: int, stop: int, mask: bytes, end: int) -> str | None:
    """Evaluate what is more than one plain literal; None unless it is a string and the whole statement."""
    if not _STATEMENT_END.match(mask, stop, end):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are the file's own business
            value = ast.literal_eval(source[start:stop].decode("utf-8", "replace").lstrip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None  # an f-string, an expression, or nonsense: no docstring
    # An escape may stand for a surrogate ("\\ud800"), which no encoding of a record can hold.
    return _first_line(value.encode("utf-8", "replace").decode()) if isinstance(value, str) else None


def _first_line(text: str) -> str:
    """The first line of what ``inspect.cleandoc`` makes of a docstring; blanks at its end stay."""
    head, _, rest = text.replace("\r\n", "\n").partition("\n")
    head = head.expandtabs().lstrip()
    if head:
        return head
    lines = rest.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return next((line[margin:] for line in lines if line[margin:]), "")
