from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from random import Random
from typing import get_args

import pytest

from remora_hub.answers import Symbol
from remora_hub.errors import StoreError
from remora_hub.query import symbol_rows
from remora_hub.query.symbol_rows import as_symbol
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.query.symbols import SymbolTable
from remora_hub.store import FileRemoved, NodeStateStore
from remora_hub.store.index_reader import FileSymbols
from remora_hub.syntax.code_text import PositionEncoding

Save = Callable[..., Awaitable[int]]


async def names(
    store: NodeStateStore,
    query: str,
    *,
    kind: str | Collection[str] | None = None,
    path: str | None = None,
    limit: int = 50,
) -> list[str]:
    table = SymbolTable()
    table.refresh(store.reader, ())
    return [
        symbol.qualname for symbol in table.search(query, kind=kind, path=path, limit=limit, show=as_symbol())
    ]


def functions(*names: str) -> str:
    return "".join(f"def {name}(): ...\n" for name in names)


async def test_exact_comes_before_prefix_before_humps_before_part_before_letters_in_order(
    store: NodeStateStore, save: Save
) -> None:
    await save({"m.py": functions("xload", "xlxoad", "load_of_all_of_it", "line_of_all_data", "load", "loa")})
    assert await names(store, "load") == ["load", "load_of_all_of_it", "line_of_all_data", "xload", "xlxoad"]


async def test_the_same_case_comes_first(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "class Event: ...\ndef event(): ...\ndef Event_a(): ...\ndef eventab(): ...\n"})
    assert await names(store, "event") == ["event", "Event", "eventab", "Event_a"]
    assert await names(store, "Event") == ["Event", "event", "Event_a", "eventab"]


async def test_a_limit_keeps_the_best(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "".join(f"def part_{'x' * i}(): ...\n" for i in range(1, 30))})
    assert await names(store, "x", limit=2) == ["part_x", "part_xx"]
    assert await names(store, "part_xxxxx", limit=1) == ["part_xxxxx"]


async def test_only_one_kind_is_found_when_asked_for(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "class load:\n    def load(self): ...\n"})
    assert await names(store, "load", kind="method") == ["load.load"]


async def test_several_kinds_are_found_when_asked_for(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "class load:\n    def load(self): ...\nload_all = 1\n"})
    assert await names(store, "load", kind=["method", "variable"]) == ["load.load", "load_all"]
    assert await names(store, "load", kind="no such kind") == []


async def test_the_shorter_name_comes_first(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": functions("find_three", "find_it", "find_one")})
    assert await names(store, "find") == ["find_it", "find_one", "find_three"]


async def test_public_comes_before_private_and_tests_come_last_of_the_public(
    store: NodeStateStore, save: Save
) -> None:
    sources = {
        "a.py": "class _A:\n    def run(self): ...\n",
        "test_b.py": functions("run"),
        "c.py": "class C:\n    def run(self): ...\n",
        "tests/d.py": "class D:\n    def run(self): ...\n",
    }
    await save(sources)
    assert await names(store, "run") == ["C.run", "run", "D.run", "_A.run"]


async def test_of_one_name_classes_come_before_functions_methods_and_what_is_assigned(
    store: NodeStateStore, save: Save
) -> None:
    await save(
        {
            "a.py": "same = 1\n",
            "b.py": "class B:\n    def same(self): ...\n",
            "c.py": functions("same"),
            "d.py": "class same: ...\n",
            "e.py": "class E:\n    def __init__(self):\n        self.same = 1\n",
            "same.py": "",
        }
    )
    assert await names(store, "same") == ["same", "same", "B.same", "<module>", "same", "E.same"]


async def test_what_is_else_alike_comes_in_the_order_of_paths(store: NodeStateStore, save: Save) -> None:
    await save({path: functions("run") for path in ("b.py", "a/z.py", "c.py")})
    table = SymbolTable()
    table.refresh(store.reader, ())
    assert [symbol.path for symbol in table.search("run", limit=2, show=as_symbol())] == ["a/z.py", "b.py"]


@pytest.mark.parametrize(("others", "is_found"), [(19, True), (20, False)])
async def test_letters_in_order_are_no_match_where_there_are_enough_others(
    store: NodeStateStore, save: Save, others: int, is_found: bool
) -> None:
    await save({"m.py": functions("xrxuxnx", *(f"run_{number}" for number in range(others)))})
    assert ("xrxuxnx" in await names(store, "run")) is is_found


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("QSet", "QuerySet"),
        ("qs", "QuerySet"),
        ("qset", "QuerySet"),
        ("qs", "query_set"),
        ("QS", "QUERY_SET"),
        ("q_s", "QuerySet"),
        ("gcfs", "get_config_from_source"),
        ("getsc", "_get_config_from_source_code"),
        ("HTTPRes", "HTTPServerResponse"),
        ("hr", "HTTPResponse"),
        ("HResp", "HTTPResponse"),
        ("pv2", "ParserVersion2"),
    ],
)
async def test_humps_find_a_name(store: NodeStateStore, save: Save, query: str, name: str) -> None:
    part, letters = f"x{query}x", "".join(f"x{letter}" for letter in query)
    await save({"m.py": functions(name, part, letters)})
    assert await names(store, query) == [name, part, letters]


async def test_a_capital_begins_a_hump(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": functions("task_set", "T_aset_end", "taset")})
    assert await names(store, "tS") == ["task_set", "taset", "T_aset_end"]


async def test_a_qualified_query_names_what_a_symbol_stands_in(store: NodeStateStore, save: Save) -> None:
    sources = {
        "db/models/query.py": "class QuerySet:\n    def filter(self): ...\n    def _filter_or_exclude(self): ...\n",
        "db/other.py": "class QuerySetMixin:\n    def filter(self): ...\nclass Other:\n    def filter(self): ...\n",
        "views.py": "class QuerySet: ...\n",
    }
    await save(sources)
    members = ["QuerySet.filter", "QuerySetMixin.filter", "QuerySet._filter_or_exclude"]
    assert await names(store, "QuerySet.filter") == members
    assert await names(store, "QSet.filt") == [
        "QuerySet.filter",
        "QuerySetMixin.filter",
        "QuerySet._filter_or_exclude",
    ]
    assert await names(store, "models.QuerySet") == ["QuerySet"]
    assert await names(store, "models.query.QuerySet.filter") == [
        "QuerySet.filter",
        "QuerySet._filter_or_exclude",
    ]
    assert await names(store, "db.models.filter") == ["QuerySet.filter", "QuerySet._filter_or_exclude"]
    assert await names(store, "QuerySetMixin.") == ["QuerySetMixin.filter"]
    assert await names(store, "models.query") == ["<module>", "QuerySet"]
    assert await names(store, "Nothing.filter") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src", ["src/a.py", "src/deep/test_b.py"]),
        ("src/", ["src/a.py", "src/deep/test_b.py"]),
        ("src/a.py", ["src/a.py"]),
        ("./src/a.py", ["src/a.py"]),
        ("sr", []),
        ("src/*", ["src/a.py", "src/deep/test_b.py"]),
        ("src/*.py", ["src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/deep/test_b.py"]),
        ("**/deep/**", ["src/deep/test_b.py"]),
        ("test_?.py", ["src/deep/test_b.py"]),
        ("*.py[!i]", []),
        ("[a-c].py", ["c.py", "src/a.py"]),
        ("**", ["c.py", "src/a.py", "src/deep/test_b.py"]),
        (".", ["c.py", "src/a.py", "src/deep/test_b.py"]),
        ("(", []),
        ("[", []),
        ("[]]", []),
    ],
)
async def test_only_symbols_of_the_path_are_found(
    store: NodeStateStore, save: Save, path: str, expected: list[str]
) -> None:
    await save({path: functions("run") for path in ("c.py", "src/a.py", "src/deep/test_b.py")})
    table = SymbolTable()
    table.refresh(store.reader, ())
    assert sorted(symbol.path for symbol in table.search("run", path=path, show=as_symbol())) == expected


async def test_a_symbol_is_shown_with_its_place(store: NodeStateStore, save: Save) -> None:
    await save({"p/m.py": "\nclass A:\n    @property\n    def é_b(self): ...\n    x = y = 1\n"})
    table = SymbolTable()
    table.refresh(store.reader, ())
    assert table.search("é_b", show=as_symbol()) == [
        Symbol("é_b", "property", "A.é_b", "p/m.py", 4, 8, "node:p/m.py:A.é_b")
    ]
    assert [(symbol.line, symbol.column) for symbol in table.search("y", limit=1, show=as_symbol())] == [
        (5, 8)
    ]
    assert table.search("m", kind="module", show=as_symbol()) == [
        Symbol("m", "module", "<module>", "p/m.py", 1, 0, "node:p/m.py:<module>")
    ]


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 10), ("utf-16", 7), ("utf-32", 6)])
async def test_a_place_is_in_the_encoding_asked_for(
    store: NodeStateStore, save: Save, encoding: PositionEncoding, column: int
) -> None:
    await save({"m.py": "\n'😀é'; tail = 1\nplain, tail_2 = 1, 2\n"})
    table = SymbolTable()
    table.refresh(store.reader, ())
    found = table.search("tail", show=as_symbol(encoding))
    assert [(symbol.line, symbol.column) for symbol in found] == [(2, column), (3, 7)]
    assert [symbol.column for symbol in table.search("tail", show=as_symbol())] == [10, 7]


async def columns(store: NodeStateStore, name: str) -> list[int]:
    """The column of a name in UTF-8 bytes, UTF-16 code units and code points."""
    table = SymbolTable()
    table.refresh(store.reader, ())
    return [
        table.search(name, limit=1, show=as_symbol(encoding))[0].column
        for encoding in get_args(PositionEncoding)
    ]


async def test_nodes_that_are_saved_singly_leave_names_where_they_are(
    store: NodeStateStore, save: Save
) -> None:
    await save({"m.py": "'é'; tail = 1\n"})
    tail = await store.get("node:m.py:tail")
    assert tail is not None
    await store.set_many([tail.model_copy(update={"digest": "new"})])
    assert await columns(store, "tail") == [6, 5, 5]


async def test_a_file_that_is_read_again_tells_what_its_records_did_not(
    store: NodeStateStore, save: Save
) -> None:
    await save({"m.py": "'é'; tail = 1\n"})
    nodes, index = await store.get_by_file("m.py"), await store.get_file("m.py")
    assert index is not None
    await store.invalidate_file("m.py")
    await store.invalidate_and_set("m.py", nodes, index)
    assert await columns(store, "tail") == [6, 6, 6]
    await save({"m.py": "'é'; tail = 1\n"})
    assert await columns(store, "tail") == [6, 5, 5]


@pytest.mark.parametrize("place", ["1", "1:", "1:x", "1:2:3", "1:2:3:4:5"])
def test_a_damaged_place_is_an_error(place: str) -> None:
    table = SymbolTable()
    table.put([FileSymbols("m.py", "<module>\ntail", f"57 1:0 {place}")])
    with pytest.raises(ValueError, match=r"unpack|int\(\)"):
        table.search("tail", show=as_symbol())


async def test_letters_of_two_characters_in_lower_case_shift_nothing(
    store: NodeStateStore, save: Save
) -> None:
    await save({"m.py": functions("İlk", "ilkin", "son")})
    assert await names(store, "ilk") == ["İlk", "ilkin"]
    assert await names(store, "son") == ["son"]


async def test_an_empty_query_matches_everything(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "def a(): ...\ndef b(): ...\n"})
    assert sorted(await names(store, "")) == ["<module>", "a", "b"]
    assert sorted(await names(store, " ")) == ["<module>", "a", "b"]
    assert len(await names(store, "", limit=2)) == 2


@pytest.mark.parametrize("query", ["(", "[a", "a\nb", "\\", "^", ".*", "\0", "é"])
async def test_nothing_in_a_query_is_a_pattern(store: NodeStateStore, save: Save, query: str) -> None:
    await save({"m.py": "def ab(): ...\ndef été(): ...\n"})
    assert await names(store, query) == (["été"] if query == "é" else [])


async def test_a_name_defined_again_has_its_own_key(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "def a(): ...\ndef a(): ...\n"})
    table = SymbolTable()
    table.refresh(store.reader, ())
    assert [symbol.key for symbol in table.search("a", show=as_symbol())] == ["node:m.py:a", "node:m.py:a#2"]


async def test_a_table_that_followed_changes_finds_what_a_fresh_one_finds(
    store: NodeStateStore, save: Save
) -> None:
    followed = SymbolTable()
    random = Random(7)
    for _ in range(30):
        changed = {f"m{random.randrange(9)}.py" for _ in range(3)}
        gone = {path for path in changed if random.random() < 0.3}
        await save(
            {
                path: functions(*random.choices(["ab", "Ab", "b_a", "bab", "a_b"], k=3))
                for path in changed - gone
            }
        )
        await store.apply([FileRemoved(path=path) for path in gone])
        followed.refresh(store.reader, changed)
        fresh = SymbolTable()
        fresh.refresh(store.reader, ())
        for query in ("", "a", "ab", "AB", "ba", "m", "m1.a", "bb"):
            expected = fresh.search(query, show=as_symbol())
            found = followed.search(query, show=as_symbol())
            assert [symbol.name for symbol in found] == [symbol.name for symbol in expected]
            assert {symbol.key for symbol in found} == {symbol.key for symbol in expected}


@pytest.mark.parametrize("most", [3, 100])
async def test_what_is_shown_again_and_again_is_shown_as_it_is_now_and_kept_in_bounds(
    store: NodeStateStore, save: Save, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(symbol_rows, "_MOST_KEPT", most)
    await save({f"m{i}.py": f"def name_{i}(): ...\n" for i in range(8)})
    table = SymbolTable()
    table.refresh(store.reader, ())
    for line in (1, 2, 3):
        for _ in range(3):
            found = {
                (symbol.path, symbol.name, symbol.line) for symbol in table.search("name_", show=as_symbol())
            }
            assert found == {(f"m{i}.py", f"name_{i}", line) for i in range(8)}
            kept = sum(map(len, table._rows._kept.values()))
            assert kept == table._rows._kept_count
            assert 0 < kept <= most
        await save({f"m{i}.py": "\n" * line + f"def name_{i}(): ...\n" for i in range(8)})
        table.refresh(store.reader, [f"m{i}.py" for i in range(8)])


async def test_a_search_sees_every_commit_before_it(store: NodeStateStore, save: Save) -> None:
    search = SymbolSearch(store)
    await save({"a.py": "def old(): ...\ndef kept(): ...\n", "b.py": "def old(): ...\n"})
    assert [symbol.path for symbol in await search.search("old", show=as_symbol())] == ["a.py", "b.py"]
    await save({"a.py": "def new(): ...\ndef kept(): ...\n"})
    assert [symbol.path for symbol in await search.search("old", show=as_symbol())] == ["b.py"]
    assert [symbol.path for symbol in await search.search("new", show=as_symbol())] == ["a.py"]
    await store.apply([FileRemoved(path="b.py")])
    assert await search.search("old", show=as_symbol()) == []
    assert [symbol.qualname for symbol in await search.search("kept", show=as_symbol())] == ["kept"]
    await search.close()


async def test_searches_and_saves_at_once_lose_nothing(store: NodeStateStore, save: Save) -> None:
    search = SymbolSearch(store)
    await asyncio.gather(
        *(save({f"m{i}.py": f"def name_{i}(): ...\n"}) for i in range(40)),
        *(search.search("name", show=as_symbol()) for _ in range(40)),
    )
    await search.catch_up()  # more than a few that are committed at once may be taken in behind a search
    assert len(await search.search("name_", show=as_symbol())) == 40
    await search.close()


async def test_a_cancelled_search_leaves_the_table_whole(store: NodeStateStore, save: Save) -> None:
    search = SymbolSearch(store)
    await save({f"m{i}.py": f"def name_{i}(): ...\n" for i in range(50)})
    cancelled = [asyncio.create_task(search.search("name", show=as_symbol())) for _ in range(5)]
    await asyncio.sleep(0)
    for task in cancelled:
        task.cancel()
    assert len(await search.search("name_", limit=100, show=as_symbol())) == 50
    await search.close()


async def test_a_closed_search_says_so(store: NodeStateStore) -> None:
    search = SymbolSearch(store)
    await search.close()
    await search.close()
    with pytest.raises(StoreError, match="closed"):
        await search.search("a", show=as_symbol())
