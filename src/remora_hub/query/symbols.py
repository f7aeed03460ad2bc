"""Search for symbols by name over all files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import TypeVar

from remora_hub.marks import marks_of
from remora_hub.query.containers import Containers
from remora_hub.query.known_names import KnownNames
from remora_hub.query.name_match import HumpPattern, fold, has_letters_of, with_letters_in_order
from remora_hub.query.path_filter import path_filter
from remora_hub.query.postings import Postings, file_of, mark_of
from remora_hub.query.ready_table import ReadyTable, TableState
from remora_hub.query.symbol_cache import SymbolCache
from remora_hub.query.symbol_rows import Scopes, Show, SymbolRows, marks_in, names_of, numbers_of, one_line
from remora_hub.store.index_reader import FileSymbols
from remora_hub.store.reader import Reader

T = TypeVar("T")

_FEW_NAMES = 2_000  # are compared with a pattern all at once
_MOST_DIFFERING = 1 / 8  # of the files: to take in more takes as long as to make the table of all
_ENOUGH = 20  # found by more than letters in their order: what has only those is none of what was meant
_MOST_COMPARED = 2_000  # the shortest, where nothing but letters in their order is left to match by: 0.5 ms


def asked_name(query: str) -> str:
    """The name that a query asks for, or a part of one, without the containers before it."""
    return _parts(query)[-1]


def _parts(query: str) -> list[str]:
    return one_line(query).replace(" ", "").split(".")


class SymbolTable:
    """The symbols of all files in memory, read once and then file by file as they change.

    Not for several threads at a time. Of Home Assistant (119,000 symbols, 48,000 names): 0.15 s to read, 0.05 s where
    ``cache`` has it ready-made, 15 MB, and 1 to 10 ms a search for 200.
    """

    def __init__(self, cache: SymbolCache | None = None) -> None:
        self._cache = cache
        self._files: list[FileSymbols] = []
        self._number_of: dict[str, int] = {}
        self._postings = Postings()
        self._names = KnownNames()
        self._rows = SymbolRows(self._files)
        self._is_loaded = False
        self._unkept = 0  # files that changed since the cache was read or written, some counted again

    def refresh(self, reader: Reader, changed: Collection[str]) -> None:
        """Read what is not here yet, and ``changed`` files again. May be repeated if it raises StoreError."""
        if not self._is_loaded:
            rows = reader.symbols()
            ready = None if self._files or self._cache is None else self._cache.read()
            if ready is None or not self._take(ready, rows):
                self.put(rows)
            self._is_loaded = True
        elif changed:
            rows = reader.symbols(list(changed))
            gone = set(changed).difference(row.path for row in rows)
            self.put([*rows, *(FileSymbols(path, "", "") for path in gone)])

    def state_to_keep(self, least_share: float = 0.0) -> TableState | None:
        """What to write into the cache; None where no files changed since it was read or written, or too small a share.

        None, too, before all was read, and while names are known by their spelling. Takes some milliseconds.
        """
        if not self._is_loaded or self._rows.spelled or self._unkept <= least_share * len(self._files):
            return None
        names, in_order = self._names.in_order()
        return TableState(self._files[:], self._postings.copy(), names, in_order, self._unkept)

    def has_kept(self, state: TableState) -> None:
        """That state is in the cache now."""
        self._unkept -= state.changed_files

    def prepare(self) -> None:
        """Make now what the first searches would have to make."""
        self._names.prepare()

    def put_spelled(self, rows: Iterable[FileSymbols]) -> None:
        """Put rows of files of which nothing is known yet: names by their spelling, until something is."""
        new = [row for row in rows if row.path not in self._number_of]
        self.put(new)
        self._rows.spelled.update(self._number_of[row.path] for row in new)

    def forget_spelled(self) -> None:
        """Forget what is known by its spelling only."""
        self.put([FileSymbols(self._files[file].path, "", "") for file in self._rows.spelled])

    def search(
        self,
        query: str,
        *,
        kind: str | Collection[str] | None = None,
        path: str | None = None,
        limit: int = 50,
        show: Show[T],
    ) -> list[T]:
        """The best ``limit`` symbols for ``query``, of these kinds, in the files that ``path_filter`` says.

        Better is an exact match before a prefix before humps before a part before letters in order (no match at all
        where there are twenty others), and the same case before another; then the shorter name; then public before
        private, what is no test before tests, the kind (as in ``facts.RANKED_KINDS``), the name, and the path, files
        that came later behind. ``QuerySet.filter`` asks for ``filter`` within ``QuerySet`` (see ``Containers``). An
        empty query matches everything. They are given as ``show`` makes them.
        """
        *outer, name = _parts(query)
        containers = Containers([part for part in outer if part])
        kinds = {kind} if isinstance(kind, str) else kind
        files = self._accepted_files(path, containers)
        accept = _Filter(None if kinds is None else marks_of(kinds), files)
        scopes = Scopes(self._files)
        found: list[int] = []
        enough = min(limit, _ENOUGH)
        for names in _matching(self._names_in(files), name, lambda: len(found) < enough):
            found.extend(self._ranked(names, accept, containers, scopes))
            if len(found) >= limit:
                break
        return self._rows.shown(found[:limit], show)

    def put(self, rows: Iterable[FileSymbols]) -> None:
        """Put ``rows`` in the places of what is known of their files; one without symbols is of a file that is gone.

        No file may have two of them.
        """
        new: list[str] = []
        gone: defaultdict[str, set[int]] = defaultdict(set)
        for row in rows:
            file = self._number_of.setdefault(row.path, len(self._files))
            if file == len(self._files):
                self._unkept += 1
                self._files.append(row)
                new += self._postings.add(zip(names_of(row), numbers_of(row, file), strict=True))
                continue
            known, self._files[file] = self._files[file], row
            self._rows.has_changed(file)
            if known.suffixes == row.suffixes and marks_in(known) == marks_in(row):
                continue  # the same symbols, perhaps in other places: nothing was said of those
            self._unkept += 1
            before = set(zip(names_of(known), numbers_of(known, file), strict=True))
            after = set(zip(names_of(row), numbers_of(row, file), strict=True))
            new += self._postings.add(after - before)
            for name, number in before - after:
                gone[name].add(number)
        self._postings.remove(gone)
        self._names.extend(new)

    def _take(self, ready: ReadyTable, rows: Sequence[FileSymbols]) -> bool:
        """Begin as ``ready``, and put of ``rows`` what differs; whether that pays."""
        differing = ready.differing(rows)
        if len(differing) > len(rows) * _MOST_DIFFERING:
            return False
        same = {row.path: row for row in rows if row.path not in differing}
        self._files += [same.get(path) or FileSymbols(path, "", "") for path in ready.paths]
        self._number_of = dict(zip(ready.paths, range(len(ready.paths)), strict=True))
        self._postings = Postings.of(ready.named)
        self._names = KnownNames.ordered(ready.named.names, ready.in_order)
        if differing:
            self._postings.remove_files(
                {self._number_of[path] for path in differing & self._number_of.keys()}
            )
            self.put(row for row in rows if row.path in differing)
        self._unkept = len(differing)
        return True

    def _ranked(
        self, names: Sequence[str], accept: _Filter, containers: Containers, scopes: Scopes
    ) -> list[int]:
        """The symbols with these names, which match alike and have the same length."""
        if len(names) == 1 and not containers:
            return sorted(accept(self._postings.numbers(names[0])))  # numbers are in the order of rank
        ranked = []
        for name in names:
            for number in accept(self._postings.numbers(name)):
                rank = containers.rank(scopes.of(number)) if containers else 0
                if rank is not None:
                    ranked.append((rank, mark_of(number), name, number))
        return [number for *_, number in sorted(ranked)]

    def _accepted_files(self, path: str | None, containers: Containers) -> set[int] | None:
        """The files that may hold what is asked for; None where all may."""
        files: set[int] | None = None
        if path:
            is_meant = path_filter(path)
            files = {file for file, row in enumerate(self._files) if is_meant(row.path)}
        if containers:
            holding = self._files_holding(containers)
            files = holding if files is None else files & holding
        return files

    def _names_in(self, files: set[int] | None) -> KnownNames:
        """The names in these files; where they are many, all."""
        if files is None or len(files) > len(self._files) // 16:
            return self._names
        return KnownNames({name for file in files for name in names_of(self._files[file])})

    def _files_holding(self, containers: Containers) -> set[int]:
        """The files with a definition, module or package that may be the innermost container."""
        wanted, humps = containers.innermost
        names = {
            *self._names.starting_with(wanted),
            *filter(humps.matches, _beginning(self._names, humps)),
        }
        within = {file_of(number) for name in names for number in self._postings.numbers(name)}
        packages = f"/{wanted}"
        return within | {file for file, row in enumerate(self._files) if packages in f"/{row.path}".lower()}


class _Filter:
    """Keeps the symbols that have one of these marks and stand in one of these files; None means any."""

    def __init__(self, marks: set[int] | None, files: set[int] | None) -> None:
        self._marks = marks
        self._files = files

    def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        if self._marks is not None:
            numbers = [number for number in numbers if mark_of(number) in self._marks]
        if self._files is not None:
            numbers = [number for number in numbers if file_of(number) in self._files]
        return numbers


def _matching(names: KnownNames, wanted: str, is_too_little: Callable[[], bool]) -> Iterator[list[str]]:
    """The names that match, each once, best first: those in a list match alike and have the same length.

    Those that have nothing but the letters in their order come only where what came before ``is_too_little``.
    """
    seen: set[str] = set()
    for candidates, matches in _stages(names, wanted, is_too_little):
        for _, of_length in groupby(candidates, len):
            matching = [name for name in of_length if name not in seen and matches(name)]
            seen.update(matching)
            yield matching


def _stages(
    names: KnownNames, wanted: str, is_too_little: Callable[[], bool]
) -> Iterator[tuple[list[str], Callable[[str], bool]]]:
    """For each kind of match, the better ones first: names, the shorter first, and what tells which of them match."""
    if not wanted:
        yield names.all(), _any
        return
    folded = fold(wanted)
    starting = sorted(names.starting_with(folded), key=len)
    equal = list(takewhile(lambda name: len(name) == len(wanted), starting))
    yield equal, wanted.__eq__
    yield equal, _any
    yield starting, lambda name: name.startswith(wanted)
    yield starting, _any
    humps = HumpPattern(wanted)
    few = names.few_with_letters(humps.letters, _FEW_NAMES)
    if few is not None:
        having = sorted(with_letters_in_order(humps.letters, few), key=len)
        yield [name for name in having if humps.may_begin(name)], humps.matches
        yield [name for name in having if folded in fold(name)], _any
        if is_too_little():
            yield having, _any if "_" not in folded else has_letters_of(folded)
        return
    # The letters are common: enough is found before all names that have them are looked at.
    yield sorted(_beginning(names, humps), key=len), humps.matches
    yield sorted(names.containing(folded), key=len), _any
    if is_too_little():
        shortest = names.shortest_with_letters(humps.letters, _MOST_COMPARED)
        having = with_letters_in_order(humps.letters, shortest)
        yield having, _any if "_" not in folded else has_letters_of(folded)


def _beginning(names: KnownNames, humps: HumpPattern) -> list[str]:
    """The names that begin with the first hump's letter and have all letters in their order."""
    return with_letters_in_order(humps.letters, names.with_initial(humps.letters))


def _any(_name: str) -> bool:
    return True
