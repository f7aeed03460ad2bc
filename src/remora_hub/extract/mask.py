"""The mask of a source: the same length, with comments and the contents of strings blanked.

Whatever is looked for in code (identifiers, calls, brackets, logical lines) is looked for in the mask, where
no string or comment can mislead, at the same positions. A string's first and last byte are ``"``; what is
between, and a comment, is white space that still tells where characters and lines end: a space for a
character's first byte (a form feed if it has four bytes), a vertical tab for each byte more, a carriage
return for a line end, so that a logical line of code is never broken inside a string. The expressions in an
f-string's replacement fields (PEP 498, PEP 701) stand in the mask; its literal parts are blanked.

One pass of the regular-expression engine does nearly all of it, linear on any code that is closed. A line of
thousands of escaped quotes that never closes takes quadratic time; a parse lane's time limit ends it.
"""

from __future__ import annotations

import re

_TRIPLE_DOUBLE = rb'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""'
_TRIPLE_SINGLE = rb"'''[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+'''"
_DOUBLE = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_SINGLE = rb"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
STRING = re.compile(b"|".join((_TRIPLE_DOUBLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE)), re.DOTALL)
_STRING_OR_COMMENT = re.compile(b"(" + STRING.pattern + rb"|\#[^\n]*+)", re.DOTALL)

_PREFIX = re.compile(rb"(?i:[bru]|br|rb|[ft]r?|r[ft])\Z")
_FIELD_STOP = re.compile(rb"""[{}()\[\]'"#:!]""")
_BRACE = re.compile(rb"[{}]")
# In the literal part of an f-string: a named character, an escape, a doubled brace, a field, the closing quote.
_LITERAL_STOP = {
    quote: re.compile(
        rb"\\N\{[^}\n]*\}|\\[^{}]|\{\{|\}\}|\{|" + quote + (b"" if quote[1:] else b"|\n"), re.DOTALL
    )
    for quote in (b'"""', b"'''", b'"', b"'")
}
_BLANKED = bytes(
    ord("\r")
    if byte == ord("\n")
    else ord("\v")
    if 0x80 <= byte < 0xC0
    else ord("\f")
    if byte >= 0xF0
    else ord(" ")
    for byte in range(256)
)
_BETWEEN = b"\0"
_BLANKED_BETWEEN = _BETWEEN + _BLANKED[1:]
_HASH = ord("#")
_QUOTE = ord('"')
_BRACE_OPENS = ord("{")
_DEEPEST_NESTING = 16  # CPython's tokenizer allows 150; nobody writes three, and each costs a pass


def mask_source(source: bytes) -> bytes:
    """Return the mask of ``source`` (UTF-8, line ends LF or CRLF); same length, same positions."""
    parts = _STRING_OR_COMMENT.split(source)
    literals = parts[1::2]
    blanked = [
        b'"' + blank[1:-1] + b'"' if literal[0] != _HASH else blank
        for literal, blank in zip(literals, _blank_all(literals), strict=True)
    ]
    for index, code in enumerate(parts[:-1:2]):
        if code[-1:] in _PREFIX_ENDS and literals[index][0] != _HASH and (prefix := string_prefix(code)):
            parts[2 * index] = code[: -len(prefix)] + b" " * len(prefix)
            if _is_formatted(prefix) and _BRACE_OPENS in literals[index]:
                out = bytearray(blanked[index])
                if _copy_literal(literals[index], out, 0) != len(out):
                    return _mask_nested(
                        source
                    )  # a field holds the f-string's own quotes: this was not its end
                blanked[index] = bytes(out)
    parts[1::2] = blanked
    return b"".join(parts)


_PREFIX_ENDS = frozenset(bytes([letter]) for letter in b"rRbBfFuUtT")


def _blank_all(literals: list[bytes]) -> list[bytes]:
    """The literals with every byte blanked; one translation of them all takes a fifth of the time of one each."""
    together = _BETWEEN.join(literals)
    if together.count(_BETWEEN) >= max(1, len(literals)):  # a NUL byte in a literal
        return [literal.translate(_BLANKED) for literal in literals]
    return together.translate(_BLANKED_BETWEEN).split(_BETWEEN) if literals else []


def _is_formatted(prefix: bytes) -> bool:
    return any(letter in b"fFtT" for letter in prefix)


def string_prefix(code: bytes) -> bytes:
    """The string prefix that ``code``, which ends where a quote begins, ends with; empty if it is part of a name."""
    tail = code[-3:]
    for length in (2, 1):
        prefix = tail[-length:]
        if len(prefix) == length and _PREFIX.match(prefix):
            before = tail[:-length][-1:]
            if not (before.isalnum() or before == b"_" or before >= b"\x80"):
                return prefix
    return b""


def _copy_literal(source: bytes, out: bytearray, start: int, nesting: int = 0) -> int:
    """Copy the fields of the f-string whose quote stands at ``start``; return the end of it, -1 if it has none."""
    quote = source[start : start + 3]
    if quote not in (b'"""', b"'''"):
        quote = quote[:1]
    stop = _LITERAL_STOP[quote]
    position = start + len(quote)
    while match := stop.search(source, position):
        position = match.end()
        found = match.group()
        if found == quote:
            return position
        if found == b"{":
            position = _copy_field(source, out, position, nesting)
            if position < 0:
                return -1
        elif found == b"\n":
            return -1
    return -1


def _copy_field(source: bytes, out: bytearray, start: int, nesting: int) -> int:
    """Copy one replacement field's expression; return the position behind its closing brace, -1 if it has none."""
    if nesting > _DEEPEST_NESTING:
        return -1
    depth = 0
    position = copied = start
    while match := _FIELD_STOP.search(source, position):
        place = match.start()
        position = match.end()
        found = match.group()
        if found in b"'\"":
            prefix = string_prefix(source[max(start, place - 3) : place])
            _copy(source, out, copied, place - len(prefix))
            if _is_formatted(prefix):
                position = _copy_literal(source, out, place, nesting + 1)
            else:
                string = STRING.match(source, place)
                position = string.end() if string else -1
            if position < 0:
                return -1
            copied = position
        elif found in b"([{":
            depth += 1
        elif found in b")]}" and depth:
            depth -= 1
        elif found == b"#":
            _copy(source, out, copied, place)
            copied = position = source.find(b"\n", place)
            if position < 0:
                return -1
        elif found == b"}":
            _copy(source, out, copied, _expression_end(source, copied, place))
            return position
        elif not depth and (found == b":" or (found == b"!" and source[position : position + 1] != b"=")):
            _copy(source, out, copied, _expression_end(source, copied, place))
            return _copy_format(source, out, position, nesting)
    return -1


def _expression_end(source: bytes, start: int, end: int) -> int:
    """Leave the ``=`` of a self-documenting field (``f"{x=}"``) out: in the mask it would read as an assignment."""
    return start + len(source[start:end].rstrip().removesuffix(b"="))


def _copy_format(source: bytes, out: bytearray, position: int, nesting: int) -> int:
    """Pass a conversion and format specification, copying the fields nested in it; return what is behind the brace."""
    while match := _BRACE.search(source, position):
        if match.group() == b"}":
            return match.end()
        position = _copy_field(source, out, match.end(), nesting + 1)
        if position < 0:
            return -1
    return -1


def _copy(source: bytes, out: bytearray, start: int, end: int) -> None:
    out[start:end] = source[start:end].replace(b"\r\n", b" \r").replace(b"\n", b"\r")


def _mask_nested(source: bytes) -> bytes:
    """The mask of a source some of whose f-strings hold their own quotes: string by string, slower and exact."""
    out = bytearray(source.translate(_BLANKED))
    position = 0
    while match := _STRING_OR_COMMENT.search(source, position):
        start, end = match.span()
        prefix = b"" if source[start] == _HASH else string_prefix(source[max(position, start - 3) : start])
        out[position : start - len(prefix)] = source[position : start - len(prefix)]
        if _is_formatted(prefix):
            copied = _copy_literal(source, out, start)
            end = copied if copied >= 0 else end
        if source[start] != _HASH:
            out[start] = out[end - 1] = _QUOTE
        position = end
    out[position:] = source[position:]
    return bytes(out)
