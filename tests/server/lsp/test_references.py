from __future__ import annotations

from typing import Any

import pytest


def places(editor: Any, found: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(one["uri"].removeprefix(editor.uri("") + "/"), *one["range"]["start"].values()) for one in found]


@pytest.mark.parametrize("with_declaration", [True, False])
async def test_references_are_found_in_all_files(editor: Any, with_declaration: bool) -> None:
    context = {"includeDeclaration": with_declaration}
    found = await editor.at("textDocument/references", "app/models.py", 24, 5, context=context)
    expected = [
        ("app/models.py", 24, 4),
        ("app/views.py", 0, 29),
        ("app/views.py", 2, 22),
        ("app/views.py", 11, 17),
        ("tests/test_models.py", 0, 23),
        ("tests/test_models.py", 4, 11),
    ]
    assert sorted(places(editor, found)) == (expected if with_declaration else expected[1:])


async def test_what_is_unsaved_counts(editor: Any) -> None:
    editor.open("app/new.py", "from app.models import make\nmake('y')\n")
    context = {"includeDeclaration": False}
    found = await editor.at("textDocument/references", "app/models.py", 24, 5, context=context)
    assert ("app/new.py", 1, 0) in places(editor, found)


async def test_highlights_tell_reading_from_writing(editor: Any) -> None:
    editor.open("app/new.py", "x = 1\nprint(x)\nx = x + 1\n")
    found = await editor.at("textDocument/documentHighlight", "app/new.py", 1, 6)
    kinds = {tuple(one["range"]["start"].values()): one["kind"] for one in found}
    assert kinds == {(0, 0): 3, (1, 6): 2, (2, 0): 3, (2, 4): 2}
