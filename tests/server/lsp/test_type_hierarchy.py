from __future__ import annotations

from typing import Any

PREPARE = "textDocument/prepareTypeHierarchy"


async def test_relatives_of_a_class_are_found_in_both_directions(editor: Any) -> None:
    [item] = await editor.at(PREPARE, "app/models.py", 14, 7)
    assert (item["name"], item["kind"]) == ("User", 5)
    [base] = await editor.ask("typeHierarchy/supertypes", {"item": item})
    assert base["name"] == "Base"
    [derived] = await editor.ask("typeHierarchy/subtypes", {"item": base})
    assert derived == item


async def test_a_class_is_found_from_where_it_is_used(editor: Any) -> None:
    [item] = await editor.at(PREPARE, "app/views.py", 5, 17)
    assert item["uri"] == editor.uri("app/models.py")


async def test_a_function_is_no_type(editor: Any) -> None:
    assert await editor.at(PREPARE, "app/models.py", 24, 5) is None


async def test_unsaved_subclasses_count(editor: Any) -> None:
    editor.open("app/new.py", "from app.models import Base\n\n\nclass Other(Base):\n    pass\n")
    [item] = await editor.at(PREPARE, "app/models.py", 6, 7)
    found = await editor.ask("typeHierarchy/subtypes", {"item": item})
    assert sorted(one["name"] for one in found) == ["Other", "User"]


async def test_what_implements_a_method_is_what_overrides_it(editor: Any) -> None:
    found = await editor.at("textDocument/implementation", "app/models.py", 9, 9)
    assert [(one["uri"], one["range"]["start"]) for one in found] == [
        (editor.uri("app/models.py"), {"line": 20, "character": 8})
    ]
