from __future__ import annotations

from typing import Any

PREPARE = "textDocument/prepareCallHierarchy"


def calls(found: list[dict[str, Any]], direction: str) -> list[tuple[str, list[tuple[int, int]]]]:
    return sorted(
        (call[direction]["name"], [tuple(one["start"].values()) for one in call["fromRanges"]])
        for call in found
    )


async def test_callers_are_found_with_the_places_of_their_calls(editor: Any) -> None:
    [item] = await editor.at(PREPARE, "app/models.py", 24, 5)
    assert (item["name"], item["kind"]) == ("make", 12)
    found = await editor.ask("callHierarchy/incomingCalls", {"item": item})
    assert calls(found, "from") == [
        ("all_of", [(11, 17)]),
        ("test_make_makes", [(4, 11)]),
        ("views", [(2, 22)]),
    ]


async def test_callees_are_found_with_the_places_of_the_calls(editor: Any) -> None:
    [item] = await editor.at(PREPARE, "app/views.py", 10, 5)
    found = await editor.ask("callHierarchy/outgoingCalls", {"item": item})
    assert calls(found, "to") == [("make", [(11, 17)]), ("show", [(11, 12)])]


async def test_an_item_whose_data_was_lost_is_known_by_its_place(editor: Any) -> None:
    [item] = await editor.at(PREPARE, "app/models.py", 24, 5)
    del item["data"]
    assert await editor.ask("callHierarchy/incomingCalls", {"item": item})


async def test_what_is_no_definition_has_no_hierarchy(editor: Any) -> None:
    assert await editor.at(PREPARE, "app/models.py", 3, 0) is None
