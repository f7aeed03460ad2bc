from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest

from remora_hub.daemon.hub import Hub

METHOD = "workspace/symbol"
ENCODINGS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXT = '"é😀"; first = "ß"; später, 𠮷田, last = 2, 3, 4\nclass Größe: ...\n'
NAMES = ["first", "später", "𠮷田", "last", "Größe"]
LATIN = '# coding: latin-1\n"é"; first = "ß"; später, last = 2, 3\nclass Größe: ...\n'
FILES = {
    "utf-8": (TEXT, TEXT.encode()),
    "marked": (TEXT, codecs.BOM_UTF8 + TEXT.encode()),
    "crlf": (TEXT, TEXT.replace("\n", "\r\n").encode()),
    "utf-16": (TEXT, TEXT.encode("utf-16")),
    "latin-1": (LATIN, LATIN.encode("latin-1")),
}


async def speaking(connect: Any, encoding: str | None) -> Any:
    """An editor that knows one position encoding, or says nothing of them."""
    editor = await connect()
    await editor.initialize({"general": {"positionEncodings": [encoding]}} if encoding else {})
    return editor


def names_in(text: str) -> list[str]:
    return [name for name in NAMES if name in text]


async def pointed_out(editor: Any, text: str, encoding: str) -> list[str]:
    """What stands in ``text`` where the editor is told that its names stand."""
    codec, width = ENCODINGS[encoding]
    found = []
    for name in names_in(text):
        ends = (await editor.ask(METHOD, {"query": name}))[0]["location"]["range"]
        line = text.splitlines()[ends["start"]["line"]].encode(codec)
        span = slice(*(ends[end]["character"] * width for end in ("start", "end")))
        found.append(line[span].decode(codec))
    return found


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


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 19), ("utf-16", 15), (None, 15), ("utf-32", 14)])
async def test_columns_are_in_the_negotiated_encoding(
    connect: Any, encoding: str | None, column: int
) -> None:
    editor = await speaking(connect, encoding)
    [tail] = await editor.ask(METHOD, {"query": "tail"})
    assert tail["location"]["range"] == {
        "start": {"line": 2, "character": column},
        "end": {"line": 2, "character": column + 4},
    }


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("text", "data"), FILES.values(), ids=FILES)
async def test_a_range_is_that_of_the_name_in_an_editors_text(
    connect: Any, root: Path, hub: Hub, text: str, data: bytes, encoding: str
) -> None:
    (root / "wide.py").write_bytes(data)
    await hub.sync(None)
    assert await pointed_out(await speaking(connect, encoding), text, encoding) == names_in(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_range_in_unsaved_text_is_that_of_the_name_there(
    connect: Any, root: Path, hub: Hub, encoding: str
) -> None:
    (root / "wide.py").write_text("# é\nfirst = später = 1\n")
    await hub.sync(None)
    editor = await speaking(connect, encoding)
    editor.open("wide.py", TEXT)
    assert await pointed_out(editor, TEXT, encoding) == names_in(TEXT)


async def test_columns_of_the_hubs_own_search_count_utf_8_bytes(connect: Any) -> None:
    editor = await speaking(connect, "utf-16")
    answer = await editor.answer("hub/symbols", {"query": "tail"}, checked=False)
    assert answer["result"]["symbols"] == [
        {
            "name": "tail",
            "kind": "variable",
            "qualname": "tail",
            "path": "app/views.py",
            "line": 3,
            "column": 19,
            "key": "node:app/views.py:tail",
        }
    ]


async def test_unsaved_symbols_are_where_they_are_now(editor: Any) -> None:
    editor.open("app/models.py", "\n\ndef make(name): ...\n\n\ndef making(): ...\n")
    found = await editor.ask(METHOD, {"query": "mak"})
    lines = {one["name"]: one["location"]["range"]["start"]["line"] for one in found}
    assert lines["make"] == 2
    assert lines["making"] == 5
    assert await editor.ask(METHOD, {"query": "Base"}) == []
