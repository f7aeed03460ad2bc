"""Which symbols have a name: numbers by name, a hundred thousand in a few megabytes.

The number of a symbol tells its rank, its file and its place among the file's symbols, in this order, so that sorted
numbers are ranked symbols.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

_BITS = 24
_MASK = (1 << _BITS) - 1
_MARK_BITS = 2 * _BITS


def symbol_numbers(marks: bytes, file: int) -> list[int]:
    """The numbers of all symbols in the file of that number, a mark each, as in ``facts.pack_places``."""
    of_file = file << _BITS
    return [mark << _MARK_BITS | of_file | row for row, mark in enumerate(marks)]


def mark_of(number: int) -> int:
    """The mark in a symbol's number."""
    return number >> _MARK_BITS


def file_of(number: int) -> int:
    """The number of the file in a symbol's number."""
    return number >> _BITS & _MASK


def row_of(number: int) -> int:
    """The line in a symbol's number."""
    return number & _MASK


class NumberedNames(NamedTuple):
    """Distinct names, and a number that each has. How many it has is in ``counts`` where they are several, else 0.

    ``several`` has all numbers of the names that have several, one name's behind another's.
    """

    names: list[str]
    numbers: array[int]
    counts: array[int]
    several: array[int]

    @property
    def total(self) -> int:
        """Of all numbers."""
        return self.counts.count(0) + len(self.several)

    def with_files(self, new_by_old: Mapping[int, int]) -> NumberedNames:
        """The same with other numbers of files."""
        shifts = {old: (new - old) << _BITS for old, new in new_by_old.items()}
        numbers, several = (
            array("Q", [number + shifts[number >> _BITS & _MASK] for number in numbers])
            for numbers in (self.numbers, self.several)
        )
        return self._replace(numbers=numbers, several=several)


class Postings:
    """Numbers by name. Most names have one, kept as it is; a name whose numbers all went keeps its place."""

    def __init__(self) -> None:
        self._by_name: dict[str, int | array[int]] = {}

    @classmethod
    def of(cls, named: NumberedNames) -> Postings:
        """Those of names whose numbers are known."""
        made = cls()
        made._by_name = dict(zip(named.names, named.numbers, strict=True))
        end = 0
        for name, count in zip(compress(named.names, named.counts), filter(None, named.counts), strict=True):
            start, end = end, end + count
            made._by_name[name] = named.several[start:end]
        return made

    def copy(self) -> Postings:
        """The same, changed by nothing that changes these."""
        made = Postings()
        made._by_name = dict(self._by_name)
        for name, known in self._by_name.items():
            if not isinstance(known, int):
                made._by_name[name] = known[:]
        return made

    def without_numbers(self) -> set[str]:
        """The names whose numbers all went."""
        return {name for name, known in self._by_name.items() if not isinstance(known, int) and not known}

    def numbered(self, names: list[str]) -> NumberedNames:
        """The numbers of ``names``, which have some."""
        known = [self._by_name[name] for name in names]
        numbers = array("Q", [each if isinstance(each, int) else each[0] for each in known])
        counts = array("I", [0 if isinstance(each, int) else len(each) for each in known])
        several = array("Q")
        for each in compress(known, counts):
            several.extend(each)  # type: ignore[arg-type]  # it is an array: of a number there is no count
        return NumberedNames(names, numbers, counts, several)

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, named: Iterable[tuple[str, int]]) -> list[str]:
        """Add a number to each name; those that had no place yet, once each."""
        by_name, new = self._by_name, []
        for name, number in named:
            known = by_name.get(name)
            if known is None:
                by_name[name] = number
                new.append(name)
            elif isinstance(known, int):
                by_name[name] = array("Q", (known, number))
            else:
                known.append(number)
        return new

    def remove(self, gone: Mapping[str, set[int]]) -> None:
        """Remove numbers from names, which have a place.

        To look through the numbers of a common name takes as long for a hundred as for one.
        """
        for name, numbers in gone.items():
            self._by_name[name] = array("Q", [n for n in self.numbers(name) if n not in numbers])

    def remove_files(self, files: Collection[int]) -> None:
        """Remove all numbers of these files from all names, in one pass."""
        for name, known in self._by_name.items():
            if isinstance(known, int):
                if known >> _BITS & _MASK in files:
                    self._by_name[name] = array("Q")
            else:
                kept = [number for number in known if number >> _BITS & _MASK not in files]
                if len(kept) < len(known):
                    self._by_name[name] = array("Q", kept)

    def numbers(self, name: str) -> Sequence[int]:
        """The numbers of ``name``, in no order."""
        known = self._by_name[name]
        return (known,) if isinstance(known, int) else known
