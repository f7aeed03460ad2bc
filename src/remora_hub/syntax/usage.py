"""What code does: the names it calls, the names it mentions, its decision points.

Asked of *words*: the mask with everything but identifiers, dots and opening parentheses made a space. Splitting those
yields names and calls several times faster than a pattern finds them, and byte positions stay the source's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import kwlist

KEYWORDS = frozenset(word.encode() for word in kwlist)
DECISIONS = frozenset((b"if", b"elif", b"for", b"while", b"except", b"and", b"or", b"case"))
_NOT_CALLED = KEYWORDS | {b"", b".import", b"..import"}  # ``from .import(name)`` is legal, too
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


def joined(text: bytes, spans: Sequence[Span]) -> bytes:
    """The parts of ``text`` in ``spans``, with a space between two of them."""
    if len(spans) == 1:
        return text[spans[0][0] : spans[0][1]]
    return b" ".join([text[start:end] for start, end in spans])


def called_names(words: bytes) -> list[str]:
    """Dotted names called in ``words``, in order of first appearance, each once.

    A leading dot stands for a receiver that is no name: ``f().g()`` calls ``f`` and ``.g``.
    """
    pieces = words.split(b"(")
    del pieces[-1]
    found = dict.fromkeys([piece[piece.rfind(b" ") + 1 :] for piece in pieces])
    return _decoded([name for name in found if name not in _NOT_CALLED])


def marked_names(words: bytes, marks: frozenset[bytes]) -> list[bytes]:
    """The names and keywords in ``words`` that are among ``marks``, in order; attributes are none."""
    return [name for name in words.replace(b"(", b" ").replace(b".", b" .").split() if name in marks]


def used_names(marked: Sequence[bytes], bound: frozenset[bytes]) -> list[str]:
    """Which of the names ``bound`` by imports are among the ``marked``, sorted."""
    return _decoded(sorted(bound.intersection(marked))) if marked else []


def count_decisions(marked: Sequence[bytes], mask: bytes, spans: Sequence[Span]) -> int:
    """How many decision points there are (McCabe, "A complexity measure", 1976).

    ``marked`` are the names in ``spans`` of ``mask`` that are among ``DECISIONS``, or others.
    """
    count = len([name for name in marked if name in DECISIONS])
    if b"case" in marked:
        count += len(_CASE.findall(joined(mask, spans))) - marked.count(b"case")
    return count


def distinct_identifiers(words: bytes) -> list[bytes]:
    """Each identifier once, in order of first appearance; numbers and keywords are none."""
    found = dict.fromkeys(words.replace(b"(", b" ").replace(b".", b" ").split())
    for keyword in KEYWORDS:
        found.pop(keyword, None)
    return [name for name in found if name > _DIGITS_END]


def _decoded(names: Sequence[bytes]) -> list[str]:
    return b" ".join(names).decode("utf-8", "replace").split(" ") if names else []
