"""What is known of the symbols of a file, taken from the columns it is kept in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from remora_hub.answers import Symbol
from remora_hub.facts import kind_of
from remora_hub.model_names import module_name
from remora_hub.query.postings import file_of, mark_of, row_of, symbol_number
from remora_hub.store.index_reader import FileSymbols
from remora_hub.store.keys import node_key

_MODULE = "<module>"
_MOST_TAKEN_APART = 1_000  # files: some 3 MB


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
    return [symbol_number(mark, file, line) for line, mark in enumerate(marks_in(row).encode())]


def marks_in(row: FileSymbols) -> str:
    """The mark of each symbol, a character each, as ``facts.pack_places`` writes them."""
    return row.places.partition(" ")[0]


def one_line(text: str) -> str:
    """``text`` without line ends, as names are kept."""
    return text.replace("\n", "\0")


class SymbolRows:
    """Symbols by number. The columns of files that were shown lately are kept taken apart: who types searches again."""

    def __init__(self, files: Sequence[FileSymbols]) -> None:
        self.spelled: set[int] = set()  # files whose symbols are known by their spelling only
        self._files = files
        self._taken_apart: dict[int, tuple[str, list[str], list[str]]] = {}

    def symbols(self, numbers: Iterable[int]) -> list[Symbol]:
        """The symbols as they are shown."""
        shown = []
        for number in numbers:
            file = file_of(number)
            path, suffixes, places = self._columns(file)
            row = row_of(number)
            suffix = suffixes[row]
            line, _, column = places[row + 1].partition(":")
            qualname = suffix.partition("#")[0]
            name = module_name(path) if qualname == _MODULE else qualname.rpartition(".")[2]
            key = node_key(path, suffix)
            kind = kind_of(mark_of(number))
            shown.append(
                Symbol(name, kind, qualname, path, int(line), int(column), key, file in self.spelled)
            )
        return shown

    def scope(self, number: int) -> list[str]:
        """The names of what a symbol stands in: packages, module, definitions."""
        path, suffixes, _ = self._columns(file_of(number))
        packages = path.split("/")[:-1]
        if path.rpartition("/")[2].startswith("__init__."):
            packages = packages[:-1]
        suffix = suffixes[row_of(number)]
        return packages if suffix == _MODULE else [*packages, module_name(path), *suffix.split(".")[:-1]]

    def forget(self, file: int) -> None:
        """The file has other symbols now."""
        self.spelled.discard(file)
        self._taken_apart.pop(file, None)

    def _columns(self, file: int) -> tuple[str, list[str], list[str]]:
        columns = self._taken_apart.get(file)
        if columns is None:
            if len(self._taken_apart) >= _MOST_TAKEN_APART:
                self._taken_apart.clear()
            path, suffixes, places = self._files[file]
            columns = self._taken_apart[file] = path, suffixes.split("\n"), places.split(" ")
        return columns
