from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remora_hub.query import reports

Ask = Callable[..., Awaitable[Any]]


async def unused(ask: Ask, sources: dict[str, str], under: str | None = None, limit: int = 50) -> list[str]:
    found = await ask(sources, lambda index: reports.unused(index, under, limit))
    return [one.item.key.removeprefix("node:") for one in found]


@pytest.mark.parametrize(
    "source",
    [
        "def used(): ...\nused()\n",
        "def main(): ...\n",
        "class C:\n    def __len__(self): ...\nC()\n",
        "@app.route\ndef handler(): ...\n",
        "import pytest\n@pytest.fixture\ndef given(): ...\n",
        "class C:\n    @property\n    def size(self): ...\nC()\n",
        "__all__ = ['public']\ndef public(): ...\n",
        "__all__ = ['C']\nclass C:\n    def m(self): ...\n",
        "import argparse\nclass A(argparse.Action):\n    def format_usage(self): ...\n",
        "class B:\n    def m(self): ...\nclass D(B):\n    def m(self): ...\nx = B, D\nB().m()\n",
        "class B:\n    def __init_subclass__(cls): ...\nclass D(B): ...\n",
        "class B: ...\nclass D(B, name='d'): ...\n",
        "class V:\n    def run(self, x): getattr(self, f'on_{x}')()\n    def on_x(self): ...\nV().run('x')\n",
        "def visit_x(): ...\nglobals()['visit_' + 'x']()\n",
        "class A:\n    def m(self): ...\ndef f(x):\n    x.m()\nf(A)\n",
    ],
)  # fmt: skip
async def test_what_is_used_or_may_be_used_unseen_is_not_reported(ask: Ask, source: str) -> None:
    assert await unused(ask, {"m.py": source}) == []


async def test_what_a_protocol_describes_is_not_reported(ask: Ask) -> None:
    source = """
        from typing import Protocol

        class Described(Protocol):
            def run(self): ...

        class Runner:
            def run(self): ...

        def start(described: Described):
            described.run()

        start(Runner())
        """
    assert await unused(ask, {"m.py": source}) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): ...\n", ["m.py:f"]),
        ("def f():\n    f()\n", ["m.py:f"]),
        ("class C:\n    @staticmethod\n    def m(): ...\nC()\n", ["m.py:C.m"]),
        ("import functools\n@functools.lru_cache(maxsize=None)\ndef f(): ...\n", ["m.py:f"]),
        ("def outer():\n    def inner(): ...\nouter()\n", ["m.py:outer.inner"]),
        ("class C: ...\ngetattr(C, 'x')\n", []),
        ("class A:\n    def m(self): ...\nclass B:\n    def m(self): ...\nA\nB().m()\n", ["m.py:A.m"]),
        ("def f(): ...\ndef g():\n    f = 1\n    return f\ng()\n", ["m.py:f"]),
    ],
)
async def test_what_nothing_else_mentions_is_reported(ask: Ask, source: str, expected: list[str]) -> None:
    assert await unused(ask, {"m.py": source}) == expected


async def test_tests_stubs_and_what_a_package_exports_are_not_reported(ask: Ask) -> None:
    sources = {
        "tests/test_m.py": "def helper(): ...\ndef test(): ...\n",
        "stub.pyi": "def f() -> None: ...\n",
        "pkg/__init__.py": "from .a import A\nfrom .b import *\n",
        "pkg/a.py": "class A:\n    def public(self): ...\n    def _private(self): ...\n",
        "pkg/b.py": "def starred(): ...\ndef _hidden(): ...\n",
    }
    assert await unused(ask, sources) == ["pkg/a.py:A._private", "pkg/b.py:_hidden"]


async def test_the_longest_come_first_of_one_directory_if_so_asked(ask: Ask) -> None:
    sources = {
        "a/m.py": "def short(): ...\ndef long():\n    pass\n    pass\n",
        "b/m.py": "def other(): ...\n",
    }
    assert await unused(ask, sources, "a") == ["a/m.py:long", "a/m.py:short"]
    assert await unused(ask, {}, "a/", limit=1) == ["a/m.py:long"]
    assert await unused(ask, {}, "b/m.py") == ["b/m.py:other"]
    assert await unused(ask, {}, "b/m") == []


async def test_a_reason_says_what_was_looked_at(ask: Ask) -> None:
    found = await ask(
        {"m.py": "def f(): ...\ndef g():\n    g()\n"}, lambda index: reports.unused(index, None, 9)
    )
    assert {one.item.name: one.reason for one in found} == {
        "f": "its name stands nowhere else in the code",
        "g": "every other mention of its name means something else, or stands inside of it",
    }


CALLED = {
    "lib.py": "def often(): ...\ndef seldom(): ...\ndef never(): ...\nclass C:\n    def often(self): ...\n",
    "a.py": "from lib import C, often, seldom\noften()\noften()\nseldom()\nC().often()\n",
    "b.py": "import lib\nlib.often()\ndef f(unknown):\n    unknown.often()\n    return lib.often\n",
    "c.py": "def often(): ...\n",
}


async def test_the_most_called_are_counted_by_binding(ask: Ask) -> None:
    found = await ask(CALLED, lambda index: reports.most_called(index, None, 50))
    assert [(one.item.key, one.count) for one in found] == [
        ("node:lib.py:often", 3),
        ("node:lib.py:C", 1),
        ("node:lib.py:C.often", 1),
        ("node:lib.py:seldom", 1),
    ]
    assert found[0].reason == "counted in every file that names it: 4"
    found = await ask({}, lambda index: reports.most_called(index, "lib.py", 1))
    assert [(one.item.key, one.count) for one in found] == [("node:lib.py:often", 3)]
    assert await ask({}, lambda index: reports.most_called(index, "b.py", 5)) == []


async def test_a_count_over_many_files_is_an_estimate_that_says_so(ask: Ask) -> None:
    callers = {f"m{number}.py": "from lib import f\nf()\nf()\n" for number in range(40)}
    found = await ask(
        {"lib.py": "def f(): ...\nf()\n", **callers}, lambda index: reports.most_called(index, None, 5)
    )
    assert [(one.item.key, one.count) for one in found] == [("node:lib.py:f", 81)]
    assert found[0].reason == "an estimate from 16 of the 41 files that name it"
