"""A table that was loaded ready-made finds what one that was made from the rows finds, whatever changed between."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from remora_hub.answers import Symbol
from remora_hub.facts import mark_for
from remora_hub.query.symbol_cache import SymbolCache
from remora_hub.query.symbol_rows import as_symbol
from remora_hub.query.symbols import SymbolTable
from remora_hub.store.index_reader import FileSymbols

QUERIES = ["", "a", "ab", "AB", "ba", "b_", "i", "m", "m1", "new", "Ab.a", "ας", "é", "C.ab", "zz", "a_b"]
NAMES = [
    "ab",
    "Ab",
    "b_a",
    "bab",
    "a_b",
    "éa",
    "İb",
    "iB",
    "ΑΣ",
    "ας",
    "Ab.ab",
    "Ab.ba",
    "C.ab",
    "ab#2",
    "C.ab#2",
]
MARKS = [
    mark_for(kind, is_test, True) for kind in ("function", "class", "constant") for is_test in (False, True)
]
MODULE = mark_for("module", False, True)

Sources = dict[str, dict[str, str]]
"""Marks by suffix, by path."""

symbols = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(MARKS), max_size=4)
paths = st.sampled_from([f"p/m{number}.py" for number in range(9)] + ["a.py", "z.py", "new\nline.py"])
changes = st.dictionaries(paths, st.none() | symbols, max_size=4)
STEADY: Sources = {f"s/m{number}.py": {NAMES[number % 11]: MARKS[number % 5]} for number in range(40)}


class Rows:
    """Stands in for the store's reader."""

    def __init__(self, sources: Sources) -> None:
        self._rows = {path: row_of(path, sources[path]) for path in sorted(sources)}

    def symbols(self, paths: Collection[str] | None = None) -> list[FileSymbols]:
        return [row for path, row in self._rows.items() if paths is None or path in paths]


def row_of(path: str, marks: dict[str, str] | None) -> FileSymbols:
    if marks is None:
        return FileSymbols(path, "", "")
    places = " ".join([MODULE + "".join(marks.values()), *(f"{line}:0" for line in range(len(marks) + 1))])
    return FileSymbols(path, "\n".join(["<module>", *marks]), places)


def table_of(sources: Sources, cache: SymbolCache | None = None) -> SymbolTable:
    table = SymbolTable(cache)
    table.refresh(Rows(sources), ())  # type: ignore[arg-type]
    return table


def changed(sources: Sources, changes: Iterable[tuple[str, dict[str, str] | None]]) -> Sources:
    after = sources | dict(changes)
    return {path: marks for path, marks in after.items() if marks is not None}


def keep(table: SymbolTable, cache: SymbolCache) -> None:
    state = table.state_to_keep()
    assert state is not None
    cache.write(state.ready)
    table.has_kept(state)


def searches(table: SymbolTable) -> list[list[Symbol]]:
    return [
        table.search(query, path=path, kind=kind, limit=limit, show=as_symbol())
        for query in (*QUERIES, *(suffix.partition("#")[0] for suffix in NAMES))
        for path, kind, limit in (
            (None, None, 1000),
            (None, None, 3),
            ("p", None, 1000),
            (None, "class", 1000),
        )
    ]


def without_order_of_files(found: list[list[Symbol]]) -> list[tuple[list[str], set[str]]]:
    """Of complete answers: what is else alike comes in the order in which files came."""
    return [([s.name for s in answer], {s.key for s in answer}) for answer in found if len(answer) > 3]


@given(st.lists(changes, max_size=3), changes)
@settings(max_examples=80, deadline=None)
def test_it_finds_what_one_made_from_the_rows_finds(history: list[Sources], since: Sources) -> None:
    with TemporaryDirectory() as directory:
        cache = SymbolCache(Path(directory, "symbols.cache"))
        before = STEADY
        table = table_of(before)
        for step in history:
            table.put(row_of(path, marks) for path, marks in step.items())
            before = changed(before, step.items())
        keep(table, cache)

        assert searches(table_of(before, cache)) == searches(table_of(before))

        after = changed(before, since.items())
        differing = {path for path in before | after if before.get(path) != after.get(path)}
        loaded, made, followed = table_of(after, cache), table_of(after), table_of(before)
        rows = (row_of(path, after.get(path)) for path in differing)
        followed.put(sorted(rows))  # as the rows are read
        assert searches(loaded) == searches(followed)
        assert without_order_of_files(searches(loaded)) == without_order_of_files(searches(made))


@given(changes, changes)
@settings(max_examples=40, deadline=None)
def test_it_takes_changes_as_one_made_from_the_rows_does(since: Sources, later: Sources) -> None:
    with TemporaryDirectory() as directory:
        cache = SymbolCache(Path(directory, "symbols.cache"))
        keep(table_of(STEADY), cache)
        after = changed(STEADY, since.items())
        loaded = table_of(after, cache)
        rows = [row_of(path, marks) for path, marks in later.items()]
        loaded.put(rows)
        if loaded.state_to_keep() is None:
            assert searches(loaded) == searches(table_of(STEADY))
            return
        last = changed(after, later.items())
        assert without_order_of_files(searches(loaded)) == without_order_of_files(searches(table_of(last)))
        loaded.put([row_of("one more.py", {"ab": MARKS[0]})])
        keep(loaded, cache)
        last |= {"one more.py": {"ab": MARKS[0]}}
        assert searches(table_of(last, cache)) == searches(table_of(last))


def test_what_was_loaded_as_it_was_kept_need_not_be_kept_again(tmp_path: Path) -> None:
    cache = SymbolCache(tmp_path / "symbols.cache")
    keep(table_of(STEADY), cache)
    assert table_of(STEADY, cache).state_to_keep() is None
    one_more = STEADY | {"p/m1.py": {"ab": MARKS[0]}}
    assert table_of(one_more, cache).state_to_keep(0.1) is None
    assert table_of(one_more, cache).state_to_keep() is not None


def test_a_table_is_made_anew_where_many_files_differ(tmp_path: Path) -> None:
    cache = SymbolCache(tmp_path / "symbols.cache")
    keep(table_of(STEADY), cache)
    others = STEADY | {f"a/m{number}.py": {"ab": MARKS[0]} for number in range(20)}
    assert searches(table_of(others, cache)) == searches(table_of(others))
    assert searches(table_of({}, cache)) == searches(table_of({}))


def test_nothing_is_kept_of_a_table_that_was_not_read_or_has_names_by_their_spelling(tmp_path: Path) -> None:
    assert SymbolTable().state_to_keep() is None
    table = table_of(STEADY)
    table.put_spelled([row_of("spelled.py", {"ab": MARKS[0]})])
    assert table.state_to_keep() is None
    table.forget_spelled()
    state = table.state_to_keep()
    assert state is not None
    assert state.ready().paths == sorted(STEADY)


def test_what_changes_while_it_is_being_kept_is_still_to_be_kept(tmp_path: Path) -> None:
    table = table_of(STEADY)
    state = table.state_to_keep()
    assert state is not None
    table.put([row_of("p/m1.py", {"new": MARKS[0]})])
    table.has_kept(state)
    state = table.state_to_keep()
    assert state is not None
    assert "p/m1.py" in state.ready().paths
    table.has_kept(state)
    assert table.state_to_keep() is None


def test_a_state_does_not_change_with_its_table() -> None:
    table = table_of(STEADY)
    state = table.state_to_keep()
    assert state is not None
    before = state.ready()
    table.put([row_of("p/m1.py", {"new": MARKS[0], "ab": MARKS[0]}), row_of("s/m1.py", None)])
    assert state.ready() == before
