"""Search for symbols by name over all files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from remora_hub.answers import Symbol
from remora_hub.model_names import module_name
from remora_hub.query.sorted_names import SortedNames, fold
from remora_hub.store.index_reader import batches
from remora_hub.store.keys import node_key
from remora_hub.store.reader import Reader


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """A symbol as it is kept: a hundred thousand of them, so nothing that can be derived."""

    name: str
    kind: str
    qualname: str
    path: str
    line: int
    column: int
    ordinal: int


class _Fields(msgspec.Struct, gc=False):
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    name_at: tuple[int, int] | None = None
    ordinal: int = 1


_decode = msgspec.json.Decoder(_Fields).decode


class SymbolTable:
    """The symbols of all files in memory, read once and then file by file as they change.

    Not for several threads at a time. Of Home Assistant (119,000 symbols): a second to read, 45 MB, and 0.1 to 15 ms
    a search.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, list[_Entry]] = {}
        self._by_name: dict[str, list[_Entry]] = {}
        self._names = SortedNames()
        self._is_loaded = False

    def refresh(self, reader: Reader, changed: Iterable[str]) -> None:
        """Read what is not here yet, and ``changed`` files again. May be repeated if it raises StoreError."""
        paths = list(changed) if self._is_loaded else reader.paths()
        touched: set[str] = set()
        try:
            for some in batches(paths):
                for path, entries in _read_entries(reader, some):
                    touched |= self._replace(path, entries)
        finally:
            self._names.discard(
                {name for name in touched if name not in self._by_name and name in self._names}
            )
            self._names.extend(
                [name for name in touched if name in self._by_name and name not in self._names]
            )
        self._is_loaded = True

    def search(self, query: str, *, kind: str | None = None, limit: int = 50) -> list[Symbol]:
        """The best ``limit`` symbols for ``query``: exact before prefix before part before letters in order.

        Among equals the shorter name comes first. Case matters only in that the same case comes first. An empty query
        matches everything.
        """
        wanted = fold(query)
        found: dict[str, list[_Entry]] = {}
        count = 0
        for names in self._ranked(wanted):
            of_rank: list[_Entry] = []
            for name in names:
                if name not in found:
                    found[name] = [entry for entry in self._by_name[name] if kind in (None, entry.kind)]
                    of_rank += found[name]
                    count += len(found[name])
                if count >= limit and not (wanted and name.startswith(wanted)):
                    break  # the names come in their order; of exact ones and prefixes, case still matters
            if count >= limit:
                break
        entries = [entry for entries in found.values() for entry in entries]
        entries.sort(key=lambda entry: _rank(query, wanted, entry))
        return [_symbol(entry) for entry in islice(entries, limit)]

    def _ranked(self, wanted: str) -> Iterator[Iterable[str]]:
        """The names that match, the better kinds of match first."""
        if not wanted:
            yield self._names
            return
        yield [wanted] if wanted in self._by_name else []
        yield self._names.starting_with(wanted)
        yield self._names.containing(wanted)
        yield self._names.with_letters(wanted)

    def _replace(self, path: str, entries: list[_Entry]) -> set[str]:
        """Put ``entries`` in the place of what is known of ``path``; the folded names of both."""
        forgotten = {fold(entry.name) for entry in self._by_path.pop(path, ())}
        for name in forgotten:
            others = [entry for entry in self._by_name[name] if entry.path != path]
            if others:
                self._by_name[name] = others
            else:
                del self._by_name[name]
        if entries:
            self._by_path[path] = entries
        for entry in entries:
            self._by_name.setdefault(fold(entry.name), []).append(entry)
        return forgotten.union(fold(entry.name) for entry in entries)


def _rank(query: str, wanted: str, entry: _Entry) -> tuple[int, int, str, str, int]:
    """What symbols are sorted by: how well the name matches, then the shorter name, then the alphabet."""
    name = entry.name
    folded = fold(name)
    if name == query:
        match = 0
    elif folded == wanted:
        match = 1
    elif folded.startswith(wanted):
        match = 2 if name.startswith(query) else 3
    else:
        match = 4 if wanted in folded else 5
    return match, len(name), name, entry.path, entry.line


def _symbol(entry: _Entry) -> Symbol:
    suffix = entry.qualname if entry.ordinal == 1 else f"{entry.qualname}#{entry.ordinal}"
    key = node_key(entry.path, suffix)
    return Symbol(entry.name, entry.kind, entry.qualname, entry.path, entry.line, entry.column, key)


def _read_entries(reader: Reader, paths: Sequence[str]) -> Iterator[tuple[str, list[_Entry]]]:
    for path, rows in reader.rows_of(paths):
        entries = []
        for _, body in rows:
            fields = _decode(body)
            qualname = fields.qualname
            name = module_name(path) if fields.kind == "module" else qualname.rpartition(".")[2]
            line, column = fields.name_at or fields.range[:2]
            # The same few names and kinds come again and again; interned, each is kept once.
            name, kind = sys.intern(name), sys.intern(fields.kind)
            entries.append(
                _Entry(name, kind, name if name == qualname else qualname, path, line, column, fields.ordinal)
            )
        yield path, entries
