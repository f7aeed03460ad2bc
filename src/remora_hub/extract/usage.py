"""What code does in a stretch of tokens: the names it calls, the imports it uses, its decision points."""

from __future__ import annotations

from bisect import bisect_left
from keyword import kwlist

from remora_hub.extract.tokens import Tokens

_KEYWORDS = frozenset(word.encode() for word in kwlist)
_DECISIONS = frozenset((b"if", b"elif", b"for", b"while", b"except", b"and", b"or", b"case"))
_DEFINING = (b"def", b"class")
_LONGEST_CHAIN = 16  # parts of a dotted name that is called


class Usage:
    """Positions of calls, decisions and imports among ``tokens``; every question is asked of a stretch of them."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        names, gaps = tokens.names, tokens.gaps
        self._calls = [
            index
            for index, gap in enumerate(gaps[1:])
            if gap[:1] == b"(" and names[index] not in _KEYWORDS and (index == 0 or names[index - 1] not in _DEFINING)
        ]
        marked = [index for index, name in enumerate(names) if name in _MARKS]
        self.imports = [index for index in marked if names[index] == b"import"]
        self._decisions = [index for index in marked if names[index] in _DECISIONS and self._decides(index)]

    def _decides(self, index: int) -> bool:
        """``case`` is a keyword only where it begins a line and no operator follows it (PEP 634)."""
        if self._tokens.names[index] != b"case":
            return True
        before, after = self._tokens.gaps[index], self._tokens.gaps[index + 1]
        return b"\n" in before and (after == b" " or after[1:2] in (b'"', b"(", b"[", b"{", b"-")) and after[:1] == b" "

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of token indices between two byte positions."""
        return bisect_left(self._tokens.starts, start), bisect_left(self._tokens.starts, end)

    def decisions(self, stretches: list[tuple[int, int]]) -> int:
        """How many decision points lie in ``stretches`` (McCabe, "A complexity measure", 1976)."""
        return sum(bisect_left(self._decisions, right) - bisect_left(self._decisions, left) for left, right in stretches)

    def calls(self, stretches: list[tuple[int, int]]) -> list[str]:
        """Dotted names called in ``stretches``, in order of first appearance, each once.

        A leading dot stands for a receiver that is no name: ``f().g()`` calls ``f`` and ``.g``.
        """
        found: dict[bytes, None] = {}
        for left, right in stretches:
            for index in self._calls[bisect_left(self._calls, left) : bisect_left(self._calls, right)]:
                found[self._dotted(index)] = None
        return [name.decode("utf-8", "replace") for name in found]

    def _dotted(self, index: int) -> bytes:
        names, gaps = self._tokens.names, self._tokens.gaps
        if gaps[index][-1:] != b".":
            return names[index]
        first = index
        while first > 0 and gaps[first] == b"." and index - first < _LONGEST_CHAIN:
            first -= 1
        dotted = b".".join(names[first : index + 1])
        return b"." + dotted if gaps[first][-1:] == b"." else dotted

    def uses(self, stretches: list[tuple[int, int]], bound: set[bytes]) -> list[str]:
        """Which of the names that imports bind appear in ``stretches``, in order of first appearance."""
        found: dict[bytes, None] = {}
        for left, right in stretches:
            found.update(dict.fromkeys(self._tokens.names[left:right]))
        return [name.decode("utf-8", "replace") for name in found if name in bound]


_MARKS = _DECISIONS | {b"import"}
