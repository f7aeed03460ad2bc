from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from remora_hub.answers import Place, Span
from remora_hub.query.hover import hover, node_hover

Ask = Callable[..., Awaitable[Any]]

FILES = {
    "lib.py": """
        def make(size: int = 1) -> str:
            \"\"\"Make one.\"\"\"
        LIMIT: int = 3
        """,
    "app.py": """
        from lib import LIMIT, make

        def f(given: list[int]):
            make(LIMIT)
            make()
            given.append(make)

        def g(): make()
        """,
}


async def test_a_function_shows_its_declaration_docstring_and_callers(ask: Ask) -> None:
    found = await ask(FILES, lambda index: hover(index, Place("app.py", 4, 5)))
    assert (found.declaration, found.docstring) == ("def make(size: int = 1) -> str", "Make one.")
    assert found.definition.key == "node:lib.py:make"
    assert found.callers == 2
    assert found.span == Span("app.py", 4, 4, 4, 8)


async def test_a_variable_and_a_parameter_show_their_declaration_alone(ask: Ask) -> None:
    found = await ask(FILES, lambda index: hover(index, Place("app.py", 4, 9)))
    assert (found.declaration, found.docstring, found.callers) == ("LIMIT: int = 3", None, None)
    found = await ask({}, lambda index: hover(index, Place("app.py", 6, 4)))
    assert (found.declaration, found.definition.kind, found.callers) == (
        "given: list[int]",
        "parameter",
        None,
    )


async def test_a_node_shows_the_same_by_its_key(ask: Ask) -> None:
    found = await ask(FILES, lambda index: node_hover(index, "node:lib.py:make"))
    assert (found.declaration, found.callers, found.span) == ("def make(size: int = 1) -> str", 2, None)
    assert await ask({}, lambda index: node_hover(index, "node:lib.py:none")) is None


async def test_what_is_not_known_shows_nothing(ask: Ask) -> None:
    assert await ask(FILES, lambda index: hover(index, Place("app.py", 2, 0))) is None
    assert await ask({}, lambda index: hover(index, Place("app.py", 3, 14))) is None  # a builtin
