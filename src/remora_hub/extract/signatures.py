"""Declarations as one line of text: what follows the name, white space folded, comments left out."""

from __future__ import annotations

import re

from remora_hub.extract.mask import STRING

_COMMENT_OR_STRING = re.compile(rb"(" + STRING.pattern + rb")|\#[^\n]*+", re.DOTALL)
# Whether a byte is in bytes is asked of its number: of a bytes object it takes thirty times as long (CPython 3.11).
_NEWLINE, _HASH, _QUOTE, _SINGLE_QUOTE = b"\n#\"'"
_PLACE = b"\0"  # of a string while the white space around it is folded
_PADDING = (
    (b"( ", b"("),
    (b"[ ", b"["),
    (b"{ ", b"{"),
    (b", )", b")"),
    (b" )", b")"),
    (b", ]", b"]"),
    (b" ]", b"]"),
    (b", }", b"}"),
    (b" }", b"}"),
)
_LONGEST_VALUE = 80
_LONGEST_SIGNATURE = 2_000


def folded_signature(source: bytes, start: int, end: int) -> str:
    """The source between two positions as one line; a multi-line parameter list reads as if written on one."""
    text = source[start:end].strip()
    if _NEWLINE not in text:
        return text.decode("utf-8", "replace")[:_LONGEST_SIGNATURE]
    literals: list[bytes] = []

    def set_aside(found: re.Match[bytes]) -> bytes:
        if not found[1]:
            return b""
        literals.append(b" ".join(found[1].split()) if _NEWLINE in found[1] else found[1])
        return _PLACE

    if _HASH in text or _QUOTE in text or _SINGLE_QUOTE in text:  # white space in strings is theirs
        text = _COMMENT_OR_STRING.sub(set_aside, text.replace(_PLACE, b" "))
    folded = b" ".join(text.replace(b"\\\n", b" ").replace(b"\\\r\n", b" ").split())
    for padded, plain in _PADDING:
        folded = folded.replace(padded, plain)
    if literals:
        pieces = folded.split(_PLACE)
        folded = b"".join([part for pair in zip(pieces, [*literals, b""], strict=True) for part in pair])
    return folded.decode("utf-8", "replace")[:_LONGEST_SIGNATURE]


def declared_value(source: bytes, start: int, end: int) -> str:
    """Annotation and value of a variable from behind its name, cut off behind 80 characters."""
    if end - start <= _LONGEST_VALUE:
        return folded_signature(source, start, end)
    text = folded_signature(source, start, min(end, start + 4 * _LONGEST_VALUE))
    return text[: _LONGEST_VALUE - 1].rstrip() + "…" if len(text) > _LONGEST_VALUE else text
