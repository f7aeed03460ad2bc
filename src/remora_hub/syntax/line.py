"""One logical line of a mask as tokens, with what stands in which bracket.

A string's two quotes count as brackets: what stands between them in the mask is code, too (the fields of an f-string).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from keyword import kwlist

KEYWORDS = frozenset(word.encode() for word in kwlist)
NAME_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_").union(
    range(0x80, 0x100)
)
"""What identifiers are made of in UTF-8: outside of ASCII nothing else occurs in code (PEP 3131)."""
_VALUE_KEYWORDS = frozenset((b"None", b"True", b"False"))
_TOKEN = re.compile(
    rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+|(?:[0-9]|\.[0-9])(?:[0-9A-Za-z_.]|(?<=[eE])[-+])*+|\.\.\.|->|:="
    rb"|[=!<>]=|(?:\*\*|//|>>|<<|[-+*/%&|^@])=?|[^\s\\]"
)
_CLOSED_BY = {b"(": b")", b"[": b"]", b"{": b"}"}
_OPENING = frozenset(_CLOSED_BY)
_CLOSING = frozenset(_CLOSED_BY.values())
_QUOTE = b'"'
_UNDERSCORE = ord("_")
_NOT_ASCII = 0x80


class Line:
    """Tokens of one logical line: ``texts`` and their ``starts`` (byte positions in the mask).

    ``outer[i]`` is the index of the innermost open bracket around token i, -1 for none; ``partner[i]`` the index of
    the bracket that matches the bracket i, -1 if it is none or has none. A bracket lies outside of itself.
    """

    __slots__ = ("end", "outer", "partner", "start", "starts", "texts")

    def __init__(self, mask: bytes, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.texts: list[bytes] = []
        self.starts: list[int] = []
        self.outer: list[int] = []
        self.partner: list[int] = []
        self._read(mask)

    def _read(self, mask: bytes) -> None:
        texts, starts, outer, partner = self.texts, self.starts, self.outer, self.partner
        open_brackets: list[int] = []
        innermost = -1
        for match in _TOKEN.finditer(mask, self.start, self.end):
            text = match.group()
            if text in _CLOSING or (text == _QUOTE and innermost >= 0 and texts[innermost] == _QUOTE):
                while open_brackets and _CLOSED_BY.get(texts[open_brackets[-1]], _QUOTE) != text:
                    open_brackets.pop()  # one that nothing closes
                opening = open_brackets.pop() if open_brackets else -1
                innermost = open_brackets[-1] if open_brackets else -1
                if opening >= 0:
                    partner[opening] = len(texts)
                partner.append(opening)
                outer.append(innermost)
            else:
                outer.append(innermost)
                partner.append(-1)
                if text in _OPENING or text == _QUOTE:
                    innermost = len(texts)
                    open_brackets.append(innermost)
            texts.append(text)
            starts.append(match.start())

    def __len__(self) -> int:
        return len(self.texts)

    def index_at(self, position: int) -> int:
        """The index of the token at a byte position, or right before it; -1 if none."""
        return bisect_right(self.starts, position) - 1

    def closing(self, opening: int) -> int:
        """The index of the bracket that closes the one at ``opening``; behind the last token if none does."""
        partner = self.partner[opening]
        return partner if partner > opening else len(self.texts)

    def is_name(self, index: int) -> bool:
        """Whether a token is an identifier."""
        text = self.texts[index]
        first = text[0]
        return (first == _UNDERSCORE or first >= _NOT_ASCII or text[:1].isalpha()) and text not in KEYWORDS

    def ends_operand(self, index: int) -> bool:
        """Whether a value may end with this token, so that a bracket behind it calls or subscripts."""
        if index < 0:
            return False
        text = self.texts[index]
        if text in _CLOSING:
            return True
        if text == _QUOTE:
            return 0 <= self.partner[index] < index
        is_word = text[:1].isalnum() or text[0] == _UNDERSCORE or text[0] >= _NOT_ASCII
        return is_word and (text not in KEYWORDS or text in _VALUE_KEYWORDS)

    def at_level(self, first: int, last: int) -> list[int]:
        """The tokens from ``first`` to before ``last`` that stand in no bracket opened among them."""
        found = []
        index = first
        while index < last:
            found.append(index)
            if self.partner[index] > index:
                index = self.partner[index]
                if index < last:
                    found.append(index)
            index += 1
        return found
