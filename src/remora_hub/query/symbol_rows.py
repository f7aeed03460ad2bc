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
    """Symbols by number."""

    def __init__(self, files: Sequence[FileSymbols]) -> None:
        self.spelled: set[int] = set()  # files whose symbols are known by their spelling only
        self._files = files

    def symbols(self, numbers: Iterable[int]) -> list[Symbol]:
        """The symbols as they are shown."""
        return [self._symbol(number) for number in numbers]

    def _symbol(self, number: int) -> Symbol:
        file, row = file_of(number), row_of(number)
        path, suffixes, places = self._files[file]
        suffix = _part(suffixes, "\n", row)
        line, _, column = _part(places, " ", row + 1).partition(":")
        qualname = suffix.partition("#")[0]
        name = module_name(path) if qualname == _MODULE else qualname.rpartition(".")[2]
        kind, key = kind_of(mark_of(number)), node_key(path, suffix)
        return Symbol(name, kind, qualname, path, int(line), int(column), key, file in self.spelled)


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


def _part(text: str, between: str, number: int) -> str:
    """The part of ``text`` of that number: what is behind it is left in one piece."""
    return text.split(between, number + 1)[number]
