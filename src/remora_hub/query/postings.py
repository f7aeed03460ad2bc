"""Which symbols have a name: numbers by name, a hundred thousand in a few megabytes.

The number of a symbol tells its rank, its file and its place among the file's symbols, in this order, so that sorted
numbers are ranked symbols.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

_BITS = 24
_MASK = (1 << _BITS) - 1


def symbol_number(mark: int, file: int, row: int) -> int:
    """The number of the symbol in line ``row`` of the file of that number; ``mark`` as in ``facts.pack_places``."""
    return mark << 2 * _BITS | file << _BITS | row


def mark_of(number: int) -> int:
    """The mark in a symbol's number."""
    return number >> 2 * _BITS


def file_of(number: int) -> int:
    """The number of the file in a symbol's number."""
    return number >> _BITS & _MASK


def row_of(number: int) -> int:
    """The line in a symbol's number."""
    return number & _MASK


class Postings:
    """Numbers by name. Most names have one, kept as it is; a name whose numbers all went keeps its place."""

    def __init__(self) -> None:
        self._by_name: dict[str, int | array[int]] = {}

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

    def numbers(self, name: str) -> Sequence[int]:
        """The numbers of ``name``, in no order."""
        known = self._by_name[name]
        return (known,) if isinstance(known, int) else known
