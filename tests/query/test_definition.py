"""What is answered of a definition; which one it is, the cases under ``resolution`` say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from remora_hub.answers import Definition, Place
from remora_hub.query.definition import declarations, definitions, key_at, type_definitions

Ask = Callable[..., Awaitable[Any]]

FILES = {
    "lib.py": """
        class Tool:
            def cut(self, depth: int = 1) -> "Tool": ...

        def make(): return Tool()
        LIMIT: int = 3
        """,
    "lib.pyi": """
        class Tool:
            def cut(self, depth: int = ...) -> Tool: ...
        """,
    "app.py": """
        from lib import LIMIT, make
        from json import dumps

        def f(given):
            tool = make()
            tool.cut(given)
            dumps(LIMIT)
            return tool
        """,
}


async def test_a_nodes_definition_tells_its_key_kind_and_declaration(ask: Ask) -> None:
    assert await ask(FILES, lambda index: definitions(index, Place("app.py", 6, 10))) == [
        Definition(
            "lib.py",
            2,
            8,
            2,
            11,
            name="cut",
            kind="method",
            range=(2, 4, 2, 48),
            key="node:lib.py:Tool.cut",
            container="node:lib.py:Tool",
            detail='def cut(self, depth: int = 1) -> "Tool"',
        )
    ]


async def test_what_is_no_node_has_a_kind_of_its_own(ask: Ask) -> None:
    places = {
        "parameter": Place("app.py", 6, 13),
        "local": Place("app.py", 8, 11),
        "import": Place("app.py", 7, 4),
        "constant": Place("app.py", 7, 10),
    }
    for kind, place in places.items():
        (found,) = await ask(FILES, lambda index, place=place: definitions(index, place))
        assert (found.kind, found.key is None) == (kind, kind != "constant")
        assert found.certain == (kind != "import")


async def test_a_declaration_is_that_of_the_stub_if_there_is_one(ask: Ask) -> None:
    found = await ask(FILES, lambda index: declarations(index, Place("app.py", 6, 10)))
    assert [(one.path, one.line) for one in found] == [("lib.pyi", 2)]
    found = await ask({}, lambda index: declarations(index, Place("app.py", 5, 11)))
    assert [(one.path, one.line) for one in found] == [("lib.py", 4)]


async def test_a_type_definition_is_the_class_of_what_a_name_stands_for(ask: Ask) -> None:
    for place in (Place("app.py", 5, 5), Place("app.py", 6, 5), Place("app.py", 8, 11)):
        found = await ask(FILES, lambda index, place=place: type_definitions(index, place))
        assert [one.key for one in found] == ["node:lib.py:Tool"]
    assert await ask({}, lambda index: type_definitions(index, Place("app.py", 6, 14))) == []


async def test_the_key_of_a_place_is_that_of_the_node_its_name_means(ask: Ask) -> None:
    def keys(index: Any) -> list[str | None]:
        return [
            key_at(index, Place("app.py", *place))
            for place in ((6, 10), (1, 24), (4, 4), (6, 13), (7, 5), (3, 0))
        ]

    assert await ask(FILES, keys) == [
        "node:lib.py:Tool.cut",
        "node:lib.py:make",
        "node:app.py:f",
        None,
        None,
        None,
    ]


async def test_places_without_a_name_have_no_definition(ask: Ask) -> None:
    for place in (Place("app.py", 3, 0), Place("app.py", 99, 0), Place("none.py", 1, 0)):
        assert await ask(FILES, lambda index, place=place: definitions(index, place)) == []
