from __future__ import annotations

from typing import Any

METHOD = "textDocument/documentSymbol"
TREE = {"textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}}


def names(symbols: list[dict[str, Any]]) -> list[Any]:
    return [(one["name"], names(one["children"])) if one.get("children") else one["name"] for one in symbols]


async def test_a_client_that_shows_trees_is_given_one(connect: Any) -> None:
    editor = await connect()
    await editor.initialize(TREE)
    found = await editor.about(METHOD, "app/models.py")
    assert names(found) == [
        ("Base", ["save"]),
        ("User", ["limit", "__init__", "name", "save"]),
        "make",
    ]
    assert [one["kind"] for one in found[1]["children"]] == [8, 9, 8, 6]


async def test_others_are_given_a_list(editor: Any) -> None:
    found = await editor.about(METHOD, "app/models.py")
    assert [(one["name"], one["containerName"]) for one in found[:3]] == [
        ("Base", ""),
        ("save", "Base"),
        ("User", ""),
    ]


async def test_the_outline_follows_what_is_typed(editor: Any) -> None:
    editor.open("app/models.py", "class A:\n    pass\n")
    insert = {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 8}}
    editor.change("app/models.py", {"range": insert, "text": "def f(self):\n        return ("})
    found = await editor.about(METHOD, "app/models.py")
    assert [one["name"] for one in found] == ["A", "f"]


async def test_a_name_defined_again_is_listed_again(connect: Any) -> None:
    editor = await connect()
    await editor.initialize(TREE)
    editor.open("app/new.py", "class A:\n    x = 1\n\n\nclass A:\n    y = 1\n")
    assert names(await editor.about(METHOD, "app/new.py")) == [("A", ["x"]), ("A", ["y"])]
