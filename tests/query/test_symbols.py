from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from remora_hub.errors import StoreError
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.query.symbols import SymbolTable
from remora_hub.store import FileRemoved, NodeStateStore

Save = Callable[..., Awaitable[int]]


async def names(store: NodeStateStore, query: str, *, kind: str | None = None, limit: int = 50) -> list[str]:
    table = SymbolTable()
    table.refresh(store.reader, ())
    return [symbol.qualname for symbol in table.search(query, kind=kind, limit=limit)]


async def test_exact_comes_before_prefix_before_part_before_letters_in_order(
    store: NodeStateStore, save: Save
) -> None:
    source = "".join(f"def {name}(): ...\n" for name in ("xload", "l_o_a_d", "loader", "load", "loa"))
    await save({"m.py": source})
    assert await names(store, "load") == ["load", "loader", "xload", "l_o_a_d"]


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


async def test_an_empty_query_matches_everything(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "def a(): ...\ndef b(): ...\n"})
    assert sorted(await names(store, "")) == ["<module>", "a", "b"]
    assert len(await names(store, "", limit=2)) == 2


@pytest.mark.parametrize("query", ["(", "[a", "a\nb", "\\", "^", ".*", "\0", "é"])
async def test_nothing_in_a_query_is_a_pattern(store: NodeStateStore, save: Save, query: str) -> None:
    await save({"m.py": "def ab(): ...\ndef été(): ...\n"})
    assert await names(store, query) == (["été"] if query == "é" else [])


async def test_a_name_defined_again_has_its_own_key(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": "def a(): ...\ndef a(): ...\n"})
    table = SymbolTable()
    table.refresh(store.reader, ())
    assert [symbol.key for symbol in table.search("a")] == ["node:m.py:a", "node:m.py:a#2"]


async def test_a_search_sees_every_commit_before_it(store: NodeStateStore, save: Save) -> None:
    search = SymbolSearch(store)
    await save({"a.py": "def old(): ...\ndef kept(): ...\n", "b.py": "def old(): ...\n"})
    assert [symbol.path for symbol in await search.search("old")] == ["a.py", "b.py"]
    await save({"a.py": "def new(): ...\ndef kept(): ...\n"})
    assert [symbol.path for symbol in await search.search("old")] == ["b.py"]
    assert [symbol.path for symbol in await search.search("new")] == ["a.py"]
    await store.apply([FileRemoved(path="b.py")])
    assert await search.search("old") == []
    assert [symbol.qualname for symbol in await search.search("kept")] == ["kept"]
    await search.close()


async def test_searches_and_saves_at_once_lose_nothing(store: NodeStateStore, save: Save) -> None:
    search = SymbolSearch(store)
    await asyncio.gather(
        *(save({f"m{i}.py": f"def name_{i}(): ...\n"}) for i in range(40)),
        *(search.search("name") for _ in range(40)),
    )
    assert len(await search.search("name_")) == 40
    await search.close()


async def test_a_cancelled_search_leaves_the_table_whole(store: NodeStateStore, save: Save) -> None:
    search = SymbolSearch(store)
    await save({f"m{i}.py": f"def name_{i}(): ...\n" for i in range(50)})
    cancelled = [asyncio.create_task(search.search("name")) for _ in range(5)]
    await asyncio.sleep(0)
    for task in cancelled:
        task.cancel()
    assert len(await search.search("name_", limit=100)) == 50
    await search.close()


async def test_a_closed_search_says_so(store: NodeStateStore) -> None:
    search = SymbolSearch(store)
    await search.close()
    await search.close()
    with pytest.raises(StoreError, match="closed"):
        await search.search("a")
