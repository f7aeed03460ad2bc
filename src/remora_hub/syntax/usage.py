"""What code does: the names it calls, the names it mentions, its decision points.

Asked of *words*: the mask with everything but identifiers, dots and opening parentheses made a space. Splitting those
yields names and calls several times faster than a pattern finds them, and byte positions stay the source's.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from keyword import kwlist
from typing import AnyStr

KEYWORDS = frozenset(word.encode() for word in kwlist)
DECISIONS = frozenset((b"if", b"elif", b"for", b"while", b"except", b"and", b"or", b"case"))
_NOT_CALLED = frozenset(kwlist) | {"", ".import", "..import"}  # ``from .import(name)`` is legal, too
# Outside ASCII a byte of 0x80 or more is a letter: the UTF-8 form of identifiers (PEP 3131) has no others.
_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.(")
_TO_WORDS = bytes(byte if byte in _KEPT or byte >= 0x80 else ord(" ") for byte in range(256))
# A dot at the end of a line belongs to the name on the next; after a digit or a dot it is a number's or an ellipsis.
_DIGITS_END = b":"  # in ASCII between the digits and the letters
_SEPARATED_DOT = re.compile(rb"\. (?<![.0-9]\. )( *+)(?=[A-Za-z_\x80-\xff])")
# PEP 634: ``case`` is a keyword only where it begins a line and a pattern follows; behind a bracket, a colon, too.
_CASE = re.compile(
    rb"\n[ \t\f]*+case(?:[ \t]++(?!(?:in|is|if|and|or|not|for|else)\b)[\w\x80-\xff*]"
    rb"|[ \t]*+[\"(\[{-][^\n]*(?::|[(\[{,|][ \t\r]*+(?=\n)))"
)

Span = tuple[int, int]


def words_of(mask: bytes) -> bytes:
    """The words of a mask; same length, same positions."""
    words = mask.translate(_TO_WORDS)
    return _SEPARATED_DOT.sub(rb" \1.", words) if b".\n" in mask or b".\r\n" in mask else words


def as_text(words: bytes) -> str:
    """Words with one character for each byte, so that positions stay: their ASCII names need no decoding one by one."""
    return words.decode("latin-1")


def joined(words: AnyStr, spans: Sequence[Span], between: AnyStr) -> AnyStr:
    """The parts of ``words`` in ``spans``, with ``between`` (a space) between two of them."""
    if len(spans) == 1:
        return words[spans[0][0] : spans[0][1]]
    return between.join([words[start:end] for start, end in spans])


def called_names(text: str) -> list[str]:
    """Dotted names called in words (``as_text``), in order of first appearance, each once.

    A leading dot stands for a receiver that is no name: ``f().g()`` calls ``f`` and ``.g``.
    """
    pieces = text.split("(")
    del pieces[-1]
    found = dict.fromkeys([piece[piece.rfind(" ") + 1 :] for piece in pieces])
    names = [name for name in found if name not in _NOT_CALLED]
    return names if text.isascii() else [name.encode("latin-1").decode("utf-8", "replace") for name in names]


def marked_names(words: bytes, marks: Container[bytes]) -> list[bytes]:
    """The names and keywords in ``words`` that are among ``marks``, in order; attributes are none."""
    return [name for name in words.replace(b"(", b" ").replace(b".", b" .").split() if name in marks]


def used_names(marked: Sequence[bytes], bound: Mapping[bytes, str]) -> list[str]:
    """Which of the names ``bound`` by imports (by their UTF-8 form) are among the ``marked``, sorted."""
    return [bound[name] for name in sorted(bound.keys() & marked)] if marked else []


def count_decisions(marked: Sequence[bytes], mask: bytes, spans: Sequence[Span]) -> int:
    """How many decision points there are (McCabe, "A complexity measure", 1976).

    ``marked`` are the names in ``spans`` of ``mask`` that are among ``DECISIONS``, or others.
    """
    count = len([name for name in marked if name in DECISIONS])
    if b"case" in marked:
        count += len(_CASE.findall(joined(mask, spans, b" "))) - marked.count(b"case")
    return count


def distinct_identifiers(words: bytes) -> list[bytes]:
    """Each identifier once, in order of first appearance; numbers and keywords are none."""
    found = dict.fromkeys(words.replace(b"(", b" ").replace(b".", b" ").split())
    for keyword in KEYWORDS:
        found.pop(keyword, None)
    return [name for name in found if name > _DIGITS_END]
