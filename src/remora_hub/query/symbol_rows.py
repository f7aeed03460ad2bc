"""What is known of the symbols of a file, taken from the columns it is kept in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from remora_hub.answers import Symbol
from remora_hub.facts import PackedFile
from remora_hub.marks import kind_of
from remora_hub.model_names import module_name
from remora_hub.query.postings import file_of, mark_of, row_of, symbol_numbers
from remora_hub.store.index_reader import FileSymbols
from remora_hub.store.keys import node_key
from remora_hub.syntax.code_text import PositionEncoding

T = TypeVar("T")
Show = Callable[[str, str, int, str, bool], T]
"""Makes what is shown of a symbol, in the thread that searches, from its path, suffix, mark and place (as
``facts.pack_places`` writes them) and whether only its spelling is known. Never None; may be kept while none of these
changes."""

_MODULE = "<module>"
_MOST_KEPT = 8_192  # of what was shown, 400 bytes each
_FAR_DOWN = 32  # symbols: to look for one behind so many takes as long as to take the file apart


def names_of(row: FileSymbols) -> list[str]:
    """The name of each symbol; a line end, which the name of a file may hold, is replaced."""
    if not row.suffixes:
        return []
    names = [suffix.rpartition(".")[2] for suffix in row.suffixes.split("\n")]
    if "#" in row.suffixes:
        names = [name.partition("#")[0] for name in names]
    if names[0] == _MODULE:
        names[0] = one_line(module_name(row.path))
    return names


def numbers_of(row: FileSymbols, file: int) -> list[int]:
    """The number of each symbol, in the file of that number."""
    return symbol_numbers(marks_in(row).encode(), file)


def marks_in(row: FileSymbols) -> str:
    """The mark of each symbol, a character each, as ``facts.pack_places`` writes them."""
    return row.places.partition(" ")[0]


def symbols_of(path: str, facts: PackedFile, encoding: PositionEncoding) -> list[Symbol]:
    """All symbols of the file at ``path``, columns in units of ``encoding``."""
    marks, *places = facts.places.split(" ")
    symbol = as_symbol(encoding)
    rows = zip(facts.suffixes, marks.encode(), places, strict=True)
    return [symbol(path, suffix, mark, place, False) for suffix, mark, place in rows]


def one_line(text: str) -> str:
    """``text`` without line ends, as names are kept."""
    return text.replace("\n", "\0")


class SymbolRows:
    """Symbols by number. What was made of them to be shown is kept, as the same are shown again and again."""

    def __init__(self, files: Sequence[FileSymbols]) -> None:
        self.spelled: set[int] = set()  # files whose symbols are known by their spelling only
        self._files = files
        self._kept: dict[int, dict[tuple[Show[Any], int], Any]] = {}  # by file, then by who made it and row
        self._kept_count = 0

    def has_changed(self, file: int) -> None:
        """Another row stands for the file of that number now; what is known by its spelling only is no longer."""
        self.spelled.discard(file)
        self._kept_count -= len(self._kept.pop(file, ()))

    def shown(self, numbers: Sequence[int], show: Show[T]) -> list[T]:
        """What ``show`` makes of the symbols, or has made of them before."""
        apart: dict[int, tuple[list[str], list[str]] | None] = {}
        shown = []
        for number in numbers:
            file, row = file_of(number), row_of(number)
            kept = self._kept.get(file)
            one = kept.get((show, row)) if kept is not None else None
            if one is None:
                suffix, place = self._look_up(file, row, apart)
                one = show(self._files[file].path, suffix, mark_of(number), place, file in self.spelled)
                self._keep(file, (show, row), one)
            shown.append(one)
        return shown

    def _keep(self, file: int, key: tuple[Show[Any], int], one: object) -> None:
        """Keep what was made of a symbol; the files that were shown first make room."""
        while self._kept_count >= _MOST_KEPT:
            self._kept_count -= len(self._kept.pop(next(iter(self._kept))))
        self._kept.setdefault(file, {})[key] = one
        self._kept_count += 1

    def _look_up(
        self, file: int, row: int, apart: dict[int, tuple[list[str], list[str]] | None]
    ) -> tuple[str, str]:
        """Suffix and place of a symbol. Files that are looked into for the second time are taken ``apart``."""
        _, suffixes, places = self._files[file]
        if row < _FAR_DOWN and file not in apart:
            apart[file] = None
            return suffixes.split("\n", row + 1)[row], places.split(" ", row + 2)[row + 1]
        pieces = apart.get(file)
        if pieces is None:
            pieces = apart[file] = suffixes.split("\n"), places.split(" ")
        return pieces[0][row], pieces[1][row + 1]


class Scopes:
    """What symbols stand in, for one search: it looks at many of a file, which is taken apart once."""

    def __init__(self, files: Sequence[FileSymbols]) -> None:
        self._files = files
        self._suffixes: dict[int, list[str]] = {}

    def of(self, number: int) -> list[str]:
        """The names of packages, module and definitions around a symbol."""
        file = file_of(number)
        path, suffixes, _ = self._files[file]
        if file not in self._suffixes:
            self._suffixes[file] = suffixes.split("\n")
        suffix = self._suffixes[file][row_of(number)]
        packages = path.split("/")[:-1]
        if path.rpartition("/")[2].startswith("__init__."):
            packages = packages[:-1]
        return packages if suffix == _MODULE else [*packages, module_name(path), *suffix.split(".")[:-1]]


@cache
def as_symbol(encoding: PositionEncoding = "utf-8") -> Show[Symbol]:
    """What shows symbols as ``Symbol``, columns in units of ``encoding``: the same each time."""

    def symbol(path: str, suffix: str, mark: int, place: str, is_spelled: bool) -> Symbol:
        name, qualname = names_in(path, suffix)
        line, column = line_and_column(place, encoding)
        return Symbol(name, kind_of(mark), qualname, path, line, column, node_key(path, suffix), is_spelled)

    return symbol


def names_in(path: str, suffix: str) -> tuple[str, str]:
    """Name and qualified name of a symbol."""
    qualname = suffix.partition("#")[0]
    return module_name(path) if qualname == _MODULE else qualname.rpartition(".")[2], qualname


def line_and_column(place: str, encoding: PositionEncoding) -> tuple[int, int]:
    """1-based line and column of a place as ``facts.pack_places`` writes it, the column in units of ``encoding``."""
    line, column, *wide = place.split(":")
    if wide:
        utf_16, code_points = wide
        column = {"utf-8": column, "utf-16": utf_16, "utf-32": code_points}[encoding]
    return int(line), int(column)
