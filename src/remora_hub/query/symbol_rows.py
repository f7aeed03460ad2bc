"""What is known of the symbols of a file, taken from the columns it is kept in."""

from __future__ import annotations

from collections.abc import Sequence

from remora_hub.answers import Symbol
from remora_hub.facts import PackedFile
from remora_hub.marks import kind_of
from remora_hub.model_names import module_name
from remora_hub.query.postings import file_of, mark_of, row_of, symbol_numbers
from remora_hub.store.index_reader import FileSymbols
from remora_hub.store.keys import node_key
from remora_hub.syntax.code_text import PositionEncoding

_MODULE = "<module>"
_MOST_TAKEN_APART = 2_000  # files, of 2 KB each in the middle
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
    rows = zip(facts.suffixes, marks.encode(), places, strict=True)
    return [_symbol(path, suffix, mark, place, encoding) for suffix, mark, place in rows]


def one_line(text: str) -> str:
    """``text`` without line ends, as names are kept."""
    return text.replace("\n", "\0")


class SymbolRows:
    """Symbols by number. Files that are shown again and again are kept taken apart, until as many others are."""

    def __init__(self, files: Sequence[FileSymbols]) -> None:
        self.spelled: set[int] = set()  # files whose symbols are known by their spelling only
        self._files = files
        self._shown: set[int] = set()
        self._taken_apart: dict[int, tuple[str, list[str], list[str]]] = {}

    def has_changed(self, file: int) -> None:
        """Another row stands for the file of that number now; what is known by its spelling only is no longer."""
        self.spelled.discard(file)
        self._taken_apart.pop(file, None)

    def symbols(self, numbers: Sequence[int], encoding: PositionEncoding = "utf-8") -> list[Symbol]:
        """The symbols as they are shown, columns in units of ``encoding``."""
        shown = []
        for number in numbers:
            file, row = file_of(number), row_of(number)
            if file in self._taken_apart:
                path, suffixes, places = self._taken_apart[file]
                suffix, place = suffixes[row], places[row + 1]
            else:
                path, suffix, place = self._look_up(file, row)
            shown.append(_symbol(path, suffix, mark_of(number), place, encoding, file in self.spelled))
        return shown

    def _look_up(self, file: int, row: int) -> tuple[str, str, str]:
        """Path, suffix and place of a symbol in a file that is in one piece."""
        path, suffixes, places = self._files[file]
        if row < _FAR_DOWN and file not in self._shown:
            self._shown.add(file)
            return path, suffixes.split("\n", row + 1)[row], places.split(" ", row + 2)[row + 1]
        if len(self._taken_apart) >= _MOST_TAKEN_APART:
            del self._taken_apart[next(iter(self._taken_apart))]
        self._taken_apart[file] = _, lines, columns = path, suffixes.split("\n"), places.split(" ")
        return path, lines[row], columns[row + 1]


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


def _symbol(
    path: str, suffix: str, mark: int, place: str, encoding: PositionEncoding, is_spelled: bool = False
) -> Symbol:
    line, column, *wide = place.split(":")  # as ``facts.pack_places`` writes it
    if wide:
        utf_16, code_points = wide
        column = {"utf-8": column, "utf-16": utf_16, "utf-32": code_points}[encoding]
    qualname = suffix.partition("#")[0]
    name = module_name(path) if qualname == _MODULE else qualname.rpartition(".")[2]
    return Symbol(
        name, kind_of(mark), qualname, path, int(line), int(column), node_key(path, suffix), is_spelled
    )
