"""Distinct names, searched by the C code of ``str`` and ``bytes``: 47,000 names in a millisecond."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate

from remora_hub.query.name_match import fold

_FOUND = re.compile(b"\1")
_INITIAL = re.compile("\n_*([^\n]?)(?=.)", re.DOTALL)
_MOST_COUNTED = 255


class KnownNames:
    """Names in the order they were added; none is removed. Not for several threads at a time.

    All are kept folded in one text, a line each, and for each letter how often each name has it. The letters' counts
    are made when first asked for: most are never.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._text = "\n"
        self._starts = array("I")
        self._counts: dict[int, bytes] = {}
        self._initials = b""

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def extend(self, names: Iterable[str]) -> None:
        """Add names that are not there yet and hold no line end."""
        added = list(names)
        if not added:
            return
        self._starts.extend(accumulate((len(name) + 1 for name in added[:-1]), initial=len(self._text)))
        self._text += fold("\n".join(added)) + "\n"
        self._names += added

    def equal_to(self, wanted: str) -> list[str]:
        """The names that are ``wanted``, which is folded."""
        return self._at(f"\n{wanted}\n", 1)

    def starting_with(self, wanted: str) -> list[str]:
        """The names that begin with ``wanted``."""
        return self._at(f"\n{wanted}", 1)

    def containing(self, wanted: str) -> list[str]:
        """The names that have ``wanted`` anywhere in them."""
        return self._at(wanted, 0)

    def having(self, letters: str, *, initial: bool = False) -> list[str]:
        """The names that have all of ``letters``, in whatever order; the first is their initial, if that is asked for.

        Underscores in front are no initial.
        """
        count = len(self._names)
        having = (1 << 8 * count) - 1
        for letter, times in Counter(letters.encode(errors="surrogatepass")).items():
            having &= int.from_bytes(self._counts_of(letter).translate(_at_least(times)), "little")
        if initial:
            having &= int.from_bytes(self._all_initials().translate(_equal_to(_code(letters[:1]))), "little")
        return [self._names[found.start()] for found in _FOUND.finditer(having.to_bytes(count, "little"))]

    def _at(self, wanted: str, offset: int) -> list[str]:
        text, names, starts, found = self._text, self._names, self._starts, []
        place = text.find(wanted)
        while place >= 0:
            found.append(names[bisect_right(starts, place + offset) - 1])
            place = text.find(wanted, text.find("\n", place + offset))
        return found

    def _counts_of(self, letter: int) -> bytes:
        """How often each name has the byte ``letter``."""
        known = self._counts.get(letter, b"")
        if len(known) < len(self._names):
            known += _count(letter, self._text[self._starts[len(known)] :])
            self._counts[letter] = known
        return known

    def _all_initials(self) -> bytes:
        """The code of each name's initial."""
        known = len(self._initials)
        if known < len(self._names):
            found = _INITIAL.findall(self._text, self._starts[known] - 1)
            self._initials += bytes(map(_code, found))
        return self._initials


def _count(letter: int, text: str) -> bytes:
    others = bytes(set(range(256)) - {letter, ord("\n")})
    lines = text.encode().translate(None, others).split(b"\n")
    return bytes([min(len(line), _MOST_COUNTED) for line in lines[:-1]])


def _code(letter: str) -> int:
    """A letter in a byte; those that do not fit share one."""
    return ord(letter) if letter and letter.isascii() else 0


@cache
def _at_least(times: int) -> bytes:
    """The table that translates a count to 1 where it is ``times`` or more, else to 0."""
    return bytes(count >= min(times, _MOST_COUNTED) for count in range(256))


@cache
def _equal_to(code: int) -> bytes:
    """The table that translates ``code`` to 1 and all else to 0."""
    return bytes(other == code for other in range(256))
