"""What code does: the names it calls, the names it mentions, its decision points.

Asked of *words*: the mask with everything but identifiers, dots and opening parentheses made a space. Splitting those
yields names and calls several times faster than a pattern finds them. Words are text in which each character is one
byte of the source (latin-1), so positions stay the source's and ASCII names, nearly all, need no decoding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from keyword import kwlist

KEYWORDS = frozenset(kwlist)
DECISIONS = frozenset(("if", "elif", "for", "while", "except", "and", "or", "case"))
_NOT_CALLED = KEYWORDS | {"", ".import", "..import"}  # ``from .import(name)`` is legal, too
# Outside ASCII a byte of 0x80 or more is a letter: the UTF-8 form of identifiers (PEP 3131) has no others.
_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.(")
_TO_WORDS = bytes(byte if byte in _KEPT or byte >= 0x80 else ord(" ") for byte in range(256))
# A dot at the end of a line belongs to the name on the next; after a digit or a dot it is a number's or an ellipsis.
_DIGITS_END = ":"  # in ASCII between the digits and the letters
_SEPARATED_DOT = re.compile(rb"\. (?<![.0-9]\. )( *+)(?=[A-Za-z_\x80-\xff])")
# PEP 634: ``case`` is a keyword only where it begins a line and a pattern follows; behind a bracket, a colon, too.
_CASE = re.compile(
    rb"\n[ \t\f]*+case(?:[ \t]++(?!(?:in|is|if|and|or|not|for|else)\b)[\w\x80-\xff*]"
    rb"|[ \t]*+[\"(\[{-][^\n]*(?::|[(\[{,|][ \t\r]*+(?=\n)))"
)

Span = tuple[int, int]


def words_of(mask: bytes) -> str:
    """The words of a mask; same length, same positions."""
    words = mask.translate(_TO_WORDS)
    if b".\n" in mask or b".\r\n" in mask:
        words = _SEPARATED_DOT.sub(rb" \1.", words)
    return words.decode("latin-1")


def in_words(names: Collection[str]) -> frozenset[str]:
    """Names as they stand in words."""
    return frozenset([name if name.isascii() else name.encode().decode("latin-1") for name in names])


def joined(words: str, spans: Sequence[Span]) -> str:
    """The parts of ``words`` in ``spans``, with a space between two of them."""
    if len(spans) == 1:
        return words[spans[0][0] : spans[0][1]]
    return " ".join([words[start:end] for start, end in spans])


def called_names(words: str) -> list[str]:
    """Dotted names called in ``words``, in order of first appearance, each once.

    A leading dot stands for a receiver that is no name: ``f().g()`` calls ``f`` and ``.g``.
    """
    pieces = words.split("(")
    del pieces[-1]
    found = dict.fromkeys([piece[piece.rfind(" ") + 1 :] for piece in pieces])
    return _decoded([name for name in found if name not in _NOT_CALLED])


def marked_names(words: str, marks: frozenset[str]) -> list[str]:
    """The names and keywords in ``words`` that are among ``marks``, in order; attributes are none."""
    return [name for name in _split(words.replace("(", " ").replace(".", " .")) if name in marks]


def used_names(marked: Sequence[str], bound: frozenset[str]) -> list[str]:
    """Which of the names ``bound`` by imports are among the ``marked``, sorted."""
    return _decoded(sorted(bound.intersection(marked))) if marked else []


def count_decisions(marked: Sequence[str], mask: bytes, spans: Sequence[Span]) -> int:
    """How many decision points there are (McCabe, "A complexity measure", 1976).

    ``marked`` are the names in ``spans`` of ``mask`` that are among ``DECISIONS``, or others.
    """
    count = len([name for name in marked if name in DECISIONS])
    if "case" in marked:
        cases = _CASE.findall(b" ".join([mask[start:end] for start, end in spans]))
        count += len(cases) - marked.count("case")
    return count


def distinct_identifiers(words: str) -> list[str]:
    """Each identifier once, as it stands in words, in order of first appearance; numbers and keywords are none."""
    found = dict.fromkeys(_split(words.replace("(", " ").replace(".", " ")))
    for keyword in KEYWORDS:
        found.pop(keyword, None)
    return [name for name in found if name > _DIGITS_END]


def _split(words: str) -> list[str]:
    """The words; a byte of a letter beyond ASCII may read as white space."""
    return words.split() if words.isascii() else [word for word in words.split(" ") if word]


def _decoded(names: list[str]) -> list[str]:
    """Names in words as they read in the source."""
    if all(map(str.isascii, names)):
        return names
    return [name.encode("latin-1").decode("utf-8", "replace") for name in names]
