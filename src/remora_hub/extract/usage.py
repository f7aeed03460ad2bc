"""What code does in a stretch of tokens: the names it calls, the imports it uses, its decision points."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from keyword import kwlist

from remora_hub.extract.tokens import Tokens

_KEYWORDS = frozenset(word.encode() for word in kwlist)
_DECISIONS = frozenset((b"if", b"elif", b"for", b"while", b"except", b"and", b"or", b"case"))
_DEFINING = frozenset((b"def", b"class"))
_MARKS = _DECISIONS | _DEFINING | {b"import"}
_OPEN = ord("(")
_DOT = ord(".")
_LONGEST_CHAIN = 16  # parts of a dotted name that is called

Stretch = tuple[int, int]


class Usage:
    """Positions of calls, decisions and imports among ``tokens``; every question is asked of a stretch of them.

    A stretch is a half-open range of token indices. ``imports`` are the indices of the ``import`` keyword,
    ``definitions`` the byte positions of ``def`` and ``class``.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        names, gaps = tokens.names, tokens.gaps
        self._calls = [
            index
            for index, gap in enumerate(gaps, -1)
            if gap and gap[0] == _OPEN and index >= 0 and names[index] not in _KEYWORDS
        ]
        marked = [index for index, name in enumerate(names) if name in _MARKS]
        self.imports = [index for index in marked if names[index] == b"import"]
        self.definitions = [tokens.starts[index] for index in marked if names[index] in _DEFINING]
        self._decisions = [index for index in marked if names[index] in _DECISIONS and self._decides(index)]

    def _decides(self, index: int) -> bool:
        """``case`` is a keyword only where it begins a line and no operator follows it (PEP 634)."""
        if self._tokens.names[index] != b"case":
            return True
        before, after = self._tokens.gaps[index], self._tokens.gaps[index + 1]
        return b"\n" in before and (after == b" " or after[1:2] in (b'"', b"(", b"[", b"{", b"-")) and after[:1] == b" "

    def stretch(self, start: int, end: int) -> Stretch:
        """The tokens between two byte positions."""
        starts = self._tokens.starts
        first = bisect_left(starts, start)
        return first, bisect_left(starts, end, first)

    def decisions(self, stretches: list[Stretch]) -> int:
        """How many decision points lie in ``stretches`` (McCabe, "A complexity measure", 1976)."""
        places = self._decisions
        return sum([bisect_left(places, right) - bisect_left(places, left) for left, right in stretches])

    def calls(self, stretches: list[Stretch]) -> list[str]:
        """Dotted names called in ``stretches``, in order of first appearance, each once.

        A leading dot stands for a receiver that is no name: ``f().g()`` calls ``f`` and ``.g``.
        """
        found: dict[bytes, None] = {}
        places, names, gaps = self._calls, self._tokens.names, self._tokens.gaps
        for left, right in stretches:
            first = bisect_left(places, left)
            for index in places[first : bisect_left(places, right, first)]:
                gap = gaps[index]
                if gap == b"." and gaps[index - 1][-1:] != b".":
                    found[names[index - 1] + b"." + names[index]] = None
                elif gap and gap[-1] == _DOT:
                    found[self._dotted(index)] = None
                elif index == 0 or names[index - 1] not in _DEFINING:
                    found[names[index]] = None
        return _decoded(found)

    def _dotted(self, index: int) -> bytes:
        """The dotted name that ends at ``index``, for the less common cases: three parts or more, no name first."""
        names, gaps = self._tokens.names, self._tokens.gaps
        if gaps[index] != b".":
            return b"." + names[index]
        first = index - 1
        while first > 0 and gaps[first] == b"." and index - first < _LONGEST_CHAIN:
            first -= 1
        dotted = b".".join(names[first : index + 1])
        return b"." + dotted if gaps[first][-1:] == b"." else dotted

    def uses(self, stretches: list[Stretch], bound: set[bytes]) -> list[str]:
        """Which of the names that imports bind appear in ``stretches``, sorted."""
        found: set[bytes] = set()
        for left, right in stretches:
            found |= bound.intersection(self._tokens.names[left:right])
        return _decoded(sorted(found))


def _decoded(names: Collection[bytes]) -> list[str]:
    return b" ".join(names).decode("utf-8", "replace").split(" ") if names else []
