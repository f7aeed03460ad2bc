"""What answers show is noted: what is made of these files by models is wanted before the rest."""

from __future__ import annotations

from typing import Any

import pytest

MODELS = "app/models.py"
MAKE = f"node:{MODELS}:make"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("hub/node", {"key": MAKE}),
        ("hub/outline", {"path": MODELS}),
        ("hub/hover", {"path": "app/views.py", "line": 3, "column": 26}),
        ("hub/definition", {"path": "app/views.py", "line": 3, "column": 26}),
    ],
)
async def test_files_of_what_programs_are_shown_are_noted(
    hub: Any, connect: Any, method: str, params: dict[str, Any]
) -> None:
    answer = await (await connect()).answer(method, params, checked=False)
    assert "error" not in answer
    assert hub.viewed.paths() == [MODELS]


@pytest.mark.parametrize("method", ["textDocument/hover", "textDocument/definition"])
async def test_so_are_files_that_editors_show_or_go_to(hub: Any, editor: Any, method: str) -> None:
    assert await editor.at(method, "app/views.py", 2, 22)
    assert hub.viewed.paths() == [MODELS]


async def test_neither_searches_nor_lists_count(hub: Any, connect: Any) -> None:
    client = await connect()
    for method, params in (("hub/symbols", {"query": "make"}), ("hub/references", {"key": MAKE})):
        assert "error" not in await client.answer(method, params, checked=False)
    assert hub.viewed.paths() == []


async def test_open_documents_count_until_they_are_closed(hub: Any, editor: Any, root: Any) -> None:
    editor.open("app/views.py", (root / "app/views.py").read_text())
    await editor.about("textDocument/documentSymbol", "app/views.py")
    assert hub.looked_at() == {"app/views.py"}
    editor.close_document("app/views.py")
    await editor.about("textDocument/documentSymbol", "app/views.py")
    assert hub.looked_at() == set()
