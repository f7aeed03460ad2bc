"""What a symbol table is made of, so that nothing need be split, numbered, grouped and sorted again."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from remora_hub.query.postings import NumberedNames, Postings
from remora_hub.query.symbol_rows import marks_in
from remora_hub.store.index_reader import FileSymbols


class ReadyTable(NamedTuple):
    """A symbol table without the rows it was made from.

    ``digests`` has for each of ``paths``, in the order of the files' numbers, what its symbols were made from.
    The names in ``named`` are the shorter first; ``in_order`` has their places there, by their folded forms.
    """

    paths: list[str]
    digests: array[int]
    named: NumberedNames
    in_order: array[int]

    def differing(self, rows: Sequence[FileSymbols]) -> set[str]:
        """The paths of files whose symbols are others than in ``rows``, which are all: changed, new or gone."""
        digests = array("Q", map(_digest, rows))
        if self.digests == digests and self.paths == [row.path for row in rows]:
            return set()
        known = dict(zip(self.paths, self.digests, strict=True))
        others = [
            row.path
            for row, digest in zip(rows, digests, strict=True)
            if row.suffixes and known.pop(row.path, None) != digest
        ]
        return {*others, *known}


class TableState(NamedTuple):
    """A symbol table at one moment, for another thread: copies of what it consists of.

    ``in_order`` has the places of ``names``, by their folded forms. So many ``changed_files`` were not kept before.
    """

    files: list[FileSymbols]
    postings: Postings
    names: list[str]
    in_order: array[int]
    changed_files: int

    def ready(self) -> ReadyTable:
        """As of a table just made from the rows: files in the order of their paths, and nothing of what is gone.

        Raises ValueError if there are fewer symbols or more than the rows have: then adding some has failed.
        """
        files = self.files
        live = sorted((n for n, row in enumerate(files) if row.suffixes), key=lambda n: files[n].path)
        rows = [files[n] for n in live]
        named, in_order = self._named()
        if named.total != sum(len(marks_in(row)) for row in rows):
            raise ValueError("the symbols are not those of the rows")
        if live != list(range(len(files))):
            named = named.with_files({old: new for new, old in enumerate(live)})
        return ReadyTable([row.path for row in rows], array("Q", map(_digest, rows)), named, in_order)

    def _named(self) -> tuple[NumberedNames, array[int]]:
        """The names that have numbers, as in ``ReadyTable``, and their order."""
        without, lengths = self.postings.without_numbers(), list(map(len, self.names))
        used = [place for place, name in enumerate(self.names) if name not in without]
        used.sort(key=lengths.__getitem__)
        none = len(used)
        new = array("I", [none]) * len(self.names)
        for place, old in enumerate(used):
            new[old] = place
        in_order = array("I", [place for place in map(new.__getitem__, self.in_order) if place != none])
        return self.postings.numbered([self.names[place] for place in used]), in_order


def _digest(row: FileSymbols) -> int:
    return xxh3_64_intdigest(f"{marks_in(row)}\n{row.suffixes}".encode())
