"""Distinct names, searched by the C code of ``str``, ``bytes`` and ``int``: 47,000 names in a millisecond."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate, islice

from remora_hub.query.name_match import fold

_SET = re.compile("1")
# By how many names of a program have them, the fewest first; more letters than so many narrow little.
_RARE_FIRST = {letter: rank for rank, letter in enumerate(b"jqzxkw987643520yv1bhgfupmdlc_noaitsre")}
_MOST_LETTERS = 7
_MOST_TIMES = 2  # a letter is looked for in a name: what is prepared
_FEW_ADDED = 100
_LAST_LETTER = "\U0010ffff"
_MOST_KEPT = 160  # some 6 kB each for the names of a large repository
_FIRST_LETTER = ord(" ")


class KnownNames:
    """Names, of which none is removed. Not for several threads at a time.

    All are kept folded in one text, a line each. Which of them have a letter is a number with a bit for each name, made
    when it is first asked for, and brought up to date when it is asked for again: all that have several letters are
    found by one ``&`` each.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._text = "\n"
        self._starts = array("I")
        self._by_length_up_to = (
            0  # so many of them come the shorter first, those that were added later behind
        )
        self._having: dict[bytes, tuple[int, int]] = {}  # the number, and of how many names it tells
        self._by_length: list[str] = []
        self._in_order = array("I")  # their places, by their folded forms
        self.extend(names)

    @classmethod
    def ordered(cls, names: list[str], in_order: array[int]) -> KnownNames:
        """``names``, the shorter first, and their places by their folded forms."""
        made = cls()
        if names:
            made._append(names)
            made._by_length_up_to = len(names)
            made._in_order = in_order
        return made

    def in_order(self) -> tuple[list[str], array[int]]:
        """All names, and their places by their folded forms: copies."""
        return self._names[:], self._in_order[:]

    def extend(self, names: Iterable[str]) -> None:
        """Add names that are not there yet and hold no line end."""
        added = sorted(names, key=len)
        if not added:
            return
        new = range(len(self._names), len(self._names) + len(added))
        self._append(added)
        self._by_length_up_to = self._by_length_up_to or len(added)
        if len(added) > _FEW_ADDED:
            folded = self._text[1:-1].split("\n")
            self._in_order = array("I", sorted([*self._in_order, *new], key=folded.__getitem__))
        else:
            for place in new:
                insort(self._in_order, place, key=self._folded)

    def _append(self, added: list[str]) -> None:
        """Add names to all but their order."""
        lengths = (len(name) + 1 for name in added[:-1])
        self._starts.extend(accumulate(lengths, initial=len(self._text)))
        self._text += fold("\n".join(added)) + "\n"
        self._names += added
        self._by_length = []

    def prepare(self) -> None:
        """Make now what searches for usual letters would have to make: once in a name, twice, and at its beginning."""
        for letter in _RARE_FIRST:
            for wanted in (b"%c" % letter, b"%c%c" % (letter, letter), b"\n%c" % letter):
                self._flagged(wanted)

    def all(self) -> list[str]:
        """All names, the shorter first."""
        if not self._by_length:
            self._by_length = sorted(self._names, key=len)
        return self._by_length

    def starting_with(self, wanted: str) -> list[str]:
        """The names that begin with ``wanted``, which is folded."""
        places = self._in_order
        first = bisect_left(places, wanted, key=self._folded)
        last = bisect_left(places, wanted + _LAST_LETTER, first, key=self._folded)
        return [self._names[place] for place in places[first:last]]

    def containing(self, wanted: str) -> list[str]:
        """The names that have ``wanted`` anywhere in them."""
        text, names, starts, found = self._text, self._names, self._starts, []
        place = text.find(wanted)
        while place >= 0:
            following = bisect_right(starts, place)
            found.append(names[following - 1])
            place = text.find(wanted, starts[following] - 1) if following < len(starts) else -1
        return found

    def with_initial(self, letters: str) -> list[str]:
        """The names that have all of ``letters``, in whatever order, and begin with the first, underscores aside."""
        initial = _encoded(letters)[:1]
        return self._where(self._having_all(letters) & self._flagged(b"\n" + initial)) if initial else []

    def few_with_letters(self, letters: str, most: int) -> list[str] | None:
        """The names that may have all of ``letters``, in whatever order; None if they are more than ``most``.

        Of many letters only the rarer are looked for, and none for more than twice in a name.
        """
        having = self._having_all(letters)
        count = len(self._names) if having < 0 else having.bit_count()
        return None if count > most else self._where(having)

    def shortest_with_letters(self, letters: str, most: int) -> list[str]:
        """So many of the names that may have all of ``letters``, the shorter first."""
        having = self._having_all(letters)
        if having < 0:
            return self.all()[:most]
        later = having >> self._by_length_up_to << self._by_length_up_to
        found = self._where(having ^ later, most) + self._where(later)
        return sorted(found, key=len)[:most]

    def _folded(self, place: int) -> str:
        return fold(self._names[place])

    def _having_all(self, letters: str) -> int:
        """The names that may have all of ``letters``, a bit for each; -1 where that may be any."""
        having = -1
        counts = Counter(letter for letter in _encoded(letters) if letter >= _FIRST_LETTER)
        for letter in sorted(counts, key=lambda letter: (-counts[letter], _RARE_FIRST.get(letter, -1)))[
            :_MOST_LETTERS
        ]:
            having &= self._flagged(bytes((letter,)) * min(counts[letter], _MOST_TIMES))
        return having

    def _where(self, having: int, most: int | None = None) -> list[str]:
        """The names that a number tells of, or the first so many."""
        if having < 0:
            return self._names[:most]
        set_bits = _SET.finditer(f"{having:b}"[::-1])
        return [self._names[bit.start()] for bit in islice(set_bits, most)]

    def _flagged(self, wanted: bytes) -> int:
        having, told = self._having.pop(wanted, (0, 0))
        count = len(self._names)
        if told < count:
            having |= _flags(wanted, "\n" + self._text[self._starts[told] :]) << told
        if len(self._having) >= _MOST_KEPT:
            del self._having[next(iter(self._having))]
        self._having[wanted] = having, count  # behind all others: those in front were not asked for lately
        return having


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _flags(wanted: bytes, text: str) -> int:
    """A bit for each line of ``text`` but the first, which is empty: whether it has ``wanted``. The lowest comes first.

    ``wanted`` is a byte, as many times as it must be there, or a line end and the byte that is the line's initial.
    """
    lines = _encoded(text)
    if wanted.startswith(b"\n"):
        lines = re.sub(b"\n_+", b"\n", lines).replace(wanted, b"\n\1")
        wanted = b"\1"
    letter = wanted[:1]
    others = bytes(set(range(256)) - {*letter, *b"\n"})
    kept = lines[1:].translate(None, others).replace(wanted + b"\n", b"\2")
    return int(b"0" + kept.translate(bytes.maketrans(b"\2\n", b"10"), letter)[::-1], 2)
