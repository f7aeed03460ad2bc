from __future__ import annotations

from typing import Any

import pytest

DEFINITION = "textDocument/definition"
# app/views.py, line 2: RÉSUMÉ = "😀"; tail = make("é")
MAKE = {"utf-8": 26, "utf-16": 22, "utf-32": 21}


def place(editor: Any, path: str, line: int, start: int, end: int) -> dict[str, Any]:
    ends = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    return {"uri": editor.uri(path), "range": ends}


async def test_a_client_without_links_is_given_the_names_location(editor: Any) -> None:
    found = await editor.at(DEFINITION, "app/views.py", 6, 10)
    assert found == [place(editor, "app/models.py", 20, 8, 12)]


async def test_a_client_with_links_is_given_the_whole_definition_too(connect: Any) -> None:
    editor = await connect()
    await editor.initialize({"textDocument": {"definition": {"linkSupport": True}}})
    [link] = await editor.at(DEFINITION, "app/views.py", 6, 10)
    assert link["targetUri"] == editor.uri("app/models.py")
    assert link["targetSelectionRange"] == place(editor, "", 20, 8, 12)["range"]
    assert link["targetRange"]["end"]["line"] == 21


@pytest.mark.parametrize("encoding", list(MAKE))
async def test_positions_are_read_and_written_in_the_negotiated_encoding(connect: Any, encoding: str) -> None:
    editor = await connect()
    await editor.initialize({"general": {"positionEncodings": [encoding]}})
    for character in (MAKE[encoding], MAKE[encoding] + 4):
        [found] = await editor.at(DEFINITION, "app/views.py", 2, character)
        assert found["uri"] == editor.uri("app/models.py")
    assert await editor.at(DEFINITION, "app/views.py", 2, MAKE[encoding] - 2) == []
    editor.open("app/new.py", 'x = "é😀"; name = 1; other = "é"; name\n')
    starts = {"utf-8": (14, 41), "utf-16": (11, 33), "utf-32": (10, 32)}[encoding]
    [found] = await editor.at(DEFINITION, "app/new.py", 0, starts[1] + 1)
    assert found == place(editor, "app/new.py", 0, starts[0], starts[0] + 4)


async def test_unsaved_text_is_where_definitions_are_looked_for(editor: Any) -> None:
    editor.open("app/models.py", "\n\n\ndef make(name): ...\n")
    [found] = await editor.at(DEFINITION, "app/views.py", 11, 18)
    assert found == place(editor, "app/models.py", 3, 4, 8)


async def test_nothing_under_the_cursor_is_nothing_found(editor: Any) -> None:
    assert await editor.at(DEFINITION, "app/views.py", 3, 0) == []
    assert await editor.at(DEFINITION, "app/views.py", 99_999, 99_999) == []


async def test_an_unknown_file_has_no_answer(editor: Any) -> None:
    assert await editor.at(DEFINITION, "app/nothing.py", 0, 0) is None


async def test_a_declaration_stands_in_the_stub_beside_the_source(editor: Any) -> None:
    editor.open("app/models.pyi", "def make(name: str) -> User: ...\nclass User: ...\n")
    [found] = await editor.at("textDocument/declaration", "app/views.py", 2, MAKE["utf-16"])
    assert found["uri"] == editor.uri("app/models.pyi")


async def test_the_type_of_a_name_is_its_class(editor: Any) -> None:
    [found] = await editor.at("textDocument/typeDefinition", "app/views.py", 6, 5)
    assert found == place(editor, "app/models.py", 14, 6, 10)
