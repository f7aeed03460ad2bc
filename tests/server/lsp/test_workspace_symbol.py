from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remora_hub.daemon.hub import Hub

METHOD = "workspace/symbol"
RESOLVES = {"workspace": {"symbol": {"resolveSupport": {"properties": ["location.range"]}}}}


async def test_a_symbol_is_found_with_its_place_and_container(editor: Any) -> None:
    found = await editor.ask(METHOD, {"query": "User"})
    assert found[0]["name"] == "User"
    assert found[0]["kind"] == 5
    assert found[0]["location"]["uri"] == editor.uri("app/models.py")
    assert found[0]["location"]["range"]["start"] == {"line": 14, "character": 6}
    assert found[0]["location"]["range"]["end"] == {"line": 14, "character": 10}


async def test_an_empty_query_is_answered_and_answers_are_capped(editor: Any, root: Path, hub: Hub) -> None:
    assert await editor.ask(METHOD, {"query": ""})
    (root / "many.py").write_text("".join(f"def one{number}(): ...\n" for number in range(300)))
    await hub.sync(None)
    assert len(await editor.ask(METHOD, {"query": "one"})) == 128
    assert len(await editor.ask(METHOD, {"query": ""})) == 128


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 19), ("utf-16", 15), ("utf-32", 14)])
async def test_columns_are_in_the_negotiated_encoding(connect: Any, encoding: str, column: int) -> None:
    editor = await connect()
    await editor.initialize({"general": {"positionEncodings": [encoding]}})
    [tail] = await editor.ask(METHOD, {"query": "tail"})
    ends = tail["location"]["range"]
    assert ends == {
        "start": {"line": 2, "character": column},
        "end": {"line": 2, "character": column + 4},
    }


async def test_a_client_that_resolves_is_spared_what_has_to_be_looked_up(connect: Any) -> None:
    editor = await connect()
    await editor.initialize(RESOLVES)
    [tail] = await editor.ask(METHOD, {"query": "tail"})
    assert "range" not in tail["location"]
    resolved = await editor.ask("workspaceSymbol/resolve", tail)
    assert resolved["location"]["range"]["start"] == {"line": 2, "character": 15}


async def test_unsaved_symbols_are_where_they_are_now(editor: Any) -> None:
    editor.open("app/models.py", "\n\ndef make(name): ...\n\n\ndef making(): ...\n")
    found = await editor.ask(METHOD, {"query": "mak"})
    lines = {one["name"]: one["location"]["range"]["start"]["line"] for one in found}
    assert lines["make"] == 2
    assert lines["making"] == 5
    assert await editor.ask(METHOD, {"query": "Base"}) == []
