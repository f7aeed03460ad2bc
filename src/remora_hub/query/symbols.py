"""Search for symbols by name over all files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter

import msgspec

from remora_hub.model_names import module_name
from remora_hub.store.index_reader import batches
from remora_hub.store.reader import Reader


class Symbol(msgspec.Struct, frozen=True, gc=False):
    """One node as search shows it; ``column`` is 0-based and counts UTF-8 bytes."""

    name: str
    kind: str
    qualname: str
    path: str
    line: int
    column: int
    key: str


class _SymbolFields(msgspec.Struct, gc=False):
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    name_at: tuple[int, int] | None = None


_decode = msgspec.json.Decoder(_SymbolFields).decode


class SymbolTable:
    """The symbols of all files in memory, read once and then file by file as they change. For one thread."""

    def __init__(self) -> None:
        self._by_path: dict[str, list[Symbol]] = {}
        self._is_loaded = False

    def refresh(self, reader: Reader, changed: Iterable[str]) -> None:
        """Read what is not here yet, and ``changed`` files again."""
        if not self._is_loaded:
            self._by_path = {}
            changed = reader.paths()
            self._is_loaded = True
        for paths in batches(list(changed)):
            for path in paths:
                self._by_path.pop(path, None)
            for path, symbols in _read_symbols(reader, paths):
                self._by_path[path] = symbols

    def search(self, query: str, *, kind: str | None = None, limit: int = 50) -> list[Symbol]:
        """The best ``limit`` symbols for ``query``: exact before prefix before part before subsequence, shorter first.

        Case matters only in that the same case comes first. An empty query matches everything.
        """
        wanted = query.lower()
        ranked = []
        for symbols in self._by_path.values():
            for symbol in symbols:
                if kind is not None and symbol.kind != kind:
                    continue
                rank = _rank(query, wanted, symbol.name)
                if rank is not None:
                    ranked.append(((rank, len(symbol.name), symbol.name, symbol.path, symbol.line), symbol))
        ranked.sort(key=itemgetter(0))
        return [symbol for _, symbol in ranked[:limit]]


def _rank(query: str, wanted: str, name: str) -> int | None:
    if name == query:
        return 0
    lowered = name.lower()
    place = lowered.find(wanted)
    if place == 0:
        return 1 if len(name) == len(query) else 2 if name.startswith(query) else 3
    if place > 0:
        return 4
    letters = iter(lowered)
    return 5 if all(letter in letters for letter in wanted) else None


def _read_symbols(reader: Reader, paths: Iterable[str]) -> Iterator[tuple[str, list[Symbol]]]:
    for path, rows in reader.rows_of(list(paths)):
        symbols = []
        for key, body in rows:
            fields = _decode(body)
            name = module_name(path) if fields.kind == "module" else fields.qualname.rpartition(".")[2]
            line, column = fields.name_at or fields.range[:2]
            symbols.append(Symbol(name, fields.kind, fields.qualname, path, line, column, key))
        yield path, symbols
