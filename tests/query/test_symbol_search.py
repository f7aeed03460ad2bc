"""The symbol table follows the store: few changes at once, very many some at a time, all of them in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from remora_hub.query.symbol_rows import as_symbol
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.store import NodeStateStore

Save = Callable[[dict[str, str]], Awaitable[int]]


@pytest.fixture
async def search(store: NodeStateStore) -> AsyncIterator[SymbolSearch]:
    made = SymbolSearch(store)
    yield made
    await made.close()


async def _names(search: SymbolSearch, query: str) -> list[str]:
    return [symbol.name for symbol in await search.search(query, show=as_symbol())]


async def test_a_search_finds_what_was_just_saved(search: SymbolSearch, save: Save) -> None:
    await save({"a.py": "def first(): ..."})
    assert await _names(search, "first") == ["first"]
    await save({"a.py": "def second(): ..."})
    assert await _names(search, "second") == ["second"]
    assert await _names(search, "first") == []


async def test_it_is_level_after_catching_up_with_very_many_changes(search: SymbolSearch, save: Save) -> None:
    await save({"a.py": "def before(): ..."})
    assert await _names(search, "before") == ["before"]
    await save({f"m{number}.py": f"def made_{number}(): ..." for number in range(200)})
    await search.catch_up()
    assert search.behind == 0
    assert len(await _names(search, "made_")) == 50
    assert await _names(search, "made_199") == ["made_199"]


async def test_searches_go_between_and_none_misses_what_nobody_changed(
    search: SymbolSearch, save: Save
) -> None:
    await save({"a.py": "def steady(): ..."})
    await _names(search, "steady")
    await save({f"m{number}.py": f"def made_{number}(): ..." for number in range(300)})
    while search.behind:
        assert await _names(search, "steady") == ["steady"]
    assert await _names(search, "made_299") == ["made_299"]


async def test_before_the_first_search_nothing_is_behind(search: SymbolSearch, save: Save) -> None:
    await save({f"m{number}.py": "x = 1" for number in range(100)})
    await search.catch_up()
    assert search.behind == 0
