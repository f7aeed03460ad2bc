from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remora_hub.answers import Item
from remora_hub.query.hierarchy import hierarchy, implementations, subtypes, supertypes

Ask = Callable[..., Awaitable[Any]]

FILES = {
    "shapes/__init__.py": "from .base import Shape as Form\n",
    "shapes/base.py": """
        import abc

        class Shape(abc.ABC):
            def area(self): ...
            def name(self): ...
            @property
            def color(self): ...

        class Polygon(Shape):
            def area(self): ...

        class Square(Polygon, metaclass=abc.ABCMeta):
            def area(self): ...
            def name(self): ...
            color = "red"
        """,
    "app.py": """
        import shapes.base
        from shapes import Form

        Alias = shapes.base.Polygon

        class Circle(Form):
            def area(self): ...

        class Triangle(Alias):
            ...

        class Corner(Triangle, Circle):
            def area(self): ...
        """,
    "other.py": """
        class Shape: ...

        class Polygon(Shape):
            def area(self): ...
        """,
}


def names(items: list[Item]) -> list[str]:
    return [item.key.removeprefix("node:").replace("shapes/base.py", "base") for item in items]


@pytest.mark.parametrize(
    ("key", "above", "below", "all_below"),
    [
        ("base:Shape", [], ["app.py:Circle", "base:Polygon"],
         ["app.py:Circle", "base:Polygon", "app.py:Corner", "base:Square", "app.py:Triangle"]),
        ("base:Polygon", ["base:Shape"], ["base:Square", "app.py:Triangle"],
         ["base:Square", "app.py:Triangle", "app.py:Corner"]),
        ("app.py:Corner", ["app.py:Triangle", "app.py:Circle"], [], []),
        ("base:Shape.area", [], ["app.py:Circle.area", "base:Polygon.area"],
         ["app.py:Circle.area", "base:Polygon.area", "app.py:Corner.area", "base:Square.area"]),
        ("base:Polygon.area", ["base:Shape.area"], ["app.py:Corner.area", "base:Square.area"],
         ["base:Square.area", "app.py:Corner.area"]),
        ("base:Square.name", ["base:Shape.name"], [], []),
        ("base:Shape.color", [], ["base:Square.color"], ["base:Square.color"]),
        ("app.py:Corner.area", ["base:Polygon.area", "app.py:Circle.area"], [], []),
        ("app.py:Alias", [], [], []),
    ],
)  # fmt: skip
async def test_relatives_are_found_through_aliases_and_told_from_namesakes(
    ask: Ask, key: str, above: list[str], below: list[str], all_below: list[str]
) -> None:
    key = "node:" + key.replace("base:", "shapes/base.py:")
    assert names(await ask(FILES, lambda index: supertypes(index, key))) == above
    assert sorted(names(await ask({}, lambda index: subtypes(index, key)))) == sorted(below)
    assert sorted(names(await ask({}, lambda index: implementations(index, key)))) == sorted(all_below)


async def test_a_hierarchy_is_transitive_and_begins_with_the_nearest(ask: Ask) -> None:
    found = await ask(FILES, lambda index: hierarchy(index, "node:app.py:Corner"))
    assert names([found.item]) == ["app.py:Corner"]
    assert names(found.supertypes) == ["app.py:Triangle", "app.py:Circle", "base:Polygon", "base:Shape"]
    assert found.subtypes == []
    found = await ask({}, lambda index: hierarchy(index, "node:app.py:Corner.area"))
    assert names(found.supertypes) == ["base:Polygon.area", "app.py:Circle.area", "base:Shape.area"]


async def test_classes_that_derive_from_each_other_end(ask: Ask) -> None:
    source = "class A(B):\n    def m(self): ...\nclass B(A):\n    def m(self): ...\n"
    found = await ask({"m.py": source}, lambda index: hierarchy(index, "node:m.py:A"))
    assert names(found.supertypes) == names(found.subtypes) == ["m.py:B"]
    assert names(await ask({}, lambda index: implementations(index, "node:m.py:A.m"))) == ["m.py:B.m"]


async def test_a_deep_hierarchy_is_followed_to_its_end(ask: Ask) -> None:
    sources = {
        f"m{n}.py": f"from m{n - 1} import C{n - 1}\nclass C{n}(C{n - 1}): ...\n" for n in range(1, 20)
    }
    found = await ask(
        {"m0.py": "class C0: ...\n", **sources}, lambda index: implementations(index, "node:m0.py:C0")
    )
    assert names(found) == [f"m{n}.py:C{n}" for n in range(1, 20)]


async def test_a_function_has_no_relatives_and_nothing_has_no_hierarchy(ask: Ask) -> None:
    found = await ask({"m.py": "def f(): ...\n"}, lambda index: hierarchy(index, "node:m.py:f"))
    assert (names([found.item]), found.supertypes, found.subtypes) == (["m.py:f"], [], [])
    assert await ask({}, lambda index: hierarchy(index, "node:m.py:g")) is None
    assert await ask({}, lambda index: subtypes(index, "node:none.py:g")) == []
