from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remora_hub.answers import Call
from remora_hub.query.calls import callees, callers

Ask = Callable[..., Awaitable[Any]]


def lines(calls: list[Call]) -> dict[str, list[int]]:
    """The lines of the calls by the short form of the key of what is at their other end; ``?``: not certain."""
    return {
        call.item.key.removeprefix("node:") + ("" if call.certain else "?"): [
            place.line for place in call.places
        ]
        for call in calls
    }


FILES = {
    "lib.py": """
        def helper(): ...

        class Base:
            def run(self): ...
            @property
            def size(self): ...

        class Derived(Base):
            def run(self):
                super().run()
                helper()
                helper()
        """,
    "app.py": """
        from lib import Base, Derived, helper as assist
        import lib

        assist()

        def main(flag=assist()):
            made = Derived()
            made.run()
            made.size
            callback = assist
            lib.helper ()
            def inner():
                lib.helper()
            inner()

        def other():
            from elsewhere import helper
            helper()
            Base().run()
        """,
}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("lib.py:helper", {"app.py:<module>": [4, 6], "app.py:main": [11], "app.py:main.inner": [13],
                           "lib.py:Derived.run": [11, 12]}),
        ("lib.py:Base.run", {"app.py:other": [19], "lib.py:Derived.run": [10]}),
        ("lib.py:Derived.run", {"app.py:main": [8]}),
        ("lib.py:Derived", {"app.py:main": [7]}),
        ("lib.py:Base.size", {}),
        ("app.py:main.inner", {"app.py:main": [14]}),
        ("app.py:main", {}),
        ("lib.py:nothing", {}),
    ],
)  # fmt: skip
async def test_callers_are_the_definitions_whose_own_code_calls(
    ask: Ask, key: str, expected: dict[str, list[int]]
) -> None:
    assert lines(await ask(FILES, lambda index: callers(index, f"node:{key}"))) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("app.py:main", {"lib.py:Derived": [7], "lib.py:Derived.run": [8], "lib.py:helper": [11],
                         "app.py:main.inner": [14]}),
        ("app.py:main.inner", {"lib.py:helper": [13]}),
        ("app.py:<module>", {"lib.py:helper": [4, 6]}),
        ("app.py:other", {"lib.py:Base": [19], "lib.py:Base.run": [19]}),
        ("lib.py:Derived.run", {"lib.py:Base.run": [10], "lib.py:helper": [11, 12]}),
        ("lib.py:Derived", {}),
    ],
)  # fmt: skip
async def test_callees_are_what_the_own_code_calls_as_far_as_it_is_in_the_index(
    ask: Ask, key: str, expected: dict[str, list[int]]
) -> None:
    assert lines(await ask(FILES, lambda index: callees(index, f"node:{key}"))) == expected


async def test_who_is_a_caller_has_the_called_among_its_callees(ask: Ask) -> None:
    def pairs(index: Any) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        keys = [index.file(path).key(node) for path in index.paths() for node in index.file(path).nodes]
        called_by = {(call.item.key, key) for key in keys for call in callers(index, key)}
        calling = {(key, call.item.key) for key in keys for call in callees(index, key)}
        return called_by, calling

    called_by, calling = await ask(FILES, pairs)
    assert called_by == calling
    assert len(calling) == 10


async def test_a_decorator_is_called_by_the_code_around_what_it_decorates(ask: Ask) -> None:
    source = """
        def plain(f): ...
        def made(*, name): ...

        @plain
        def f(): ...

        class C:
            @plain
            @made(name="x")
            def m(self): ...
        """
    assert lines(await ask({"m.py": source}, lambda index: callers(index, "node:m.py:plain"))) == {
        "m.py:<module>": [4],
        "m.py:C": [8],
    }
    assert lines(await ask({}, lambda index: callees(index, "node:m.py:C"))) == {
        "m.py:plain": [8],
        "m.py:made": [9],
    }


async def test_a_class_pattern_is_no_call_and_its_guard_may_hold_one(ask: Ask) -> None:
    source = """
        class Point: ...
        def check(p): ...

        def f(value):
            match value:
                case Point() if check(value):
                    return Point()
        """
    found = await ask({"m.py": source}, lambda index: callees(index, "node:m.py:f"))
    assert lines(found) == {"m.py:check": [6], "m.py:Point": [7]}


async def test_calls_through_a_re_export_under_another_name_are_found(ask: Ask) -> None:
    sources = {
        "pkg/__init__.py": "from ._impl import make as create\n",
        "pkg/_impl.py": "def make(): ...\n",
        "app.py": "import pkg\nfrom pkg import create\ndef f():\n    create()\n    pkg.create()\n",
        "unrelated.py": "def create(): ...\ncreate()\n",
    }
    found = await ask(sources, lambda index: callers(index, "node:pkg/_impl.py:make"))
    assert lines(found) == {"app.py:f": [4, 5]}


async def test_a_member_of_an_unknown_object_is_called_for_uncertain_if_no_other_class_has_it(
    ask: Ask,
) -> None:
    sources = {
        "a.py": "class A:\n    def only(self): ...\n    def both(self): ...\n",
        "b.py": "class B:\n    def both(self): ...\n",
        "use.py": "def f(x):\n    x.only()\n    x.both()\n",
    }
    assert lines(await ask(sources, lambda index: callees(index, "node:use.py:f"))) == {"a.py:A.only?": [2]}
    assert lines(await ask({}, lambda index: callers(index, "node:a.py:A.only"))) == {"use.py:f?": [2]}
    assert lines(await ask({}, lambda index: callers(index, "node:a.py:A.both"))) == {}


async def test_a_call_of_a_name_defined_twice_is_of_the_definition_that_is_left(ask: Ask) -> None:
    source = "def f(): ...\nf()\ndef f(a): ...\nf(1)\n"
    assert lines(await ask({"m.py": source}, lambda index: callees(index, "node:m.py:<module>"))) == {
        "m.py:f": [2],
        "m.py:f#2": [4],
    }
