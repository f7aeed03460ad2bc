"""A member whose name is common: files that mention only others' are left out, and no file that mentions it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from remora_hub.query.index import Index
from remora_hub.query.references import node_references

Ask = Callable[[dict[str, str], Callable[[Index], list[tuple[str, int]]]], Awaitable[list[tuple[str, int]]]]

BASE = {
    "base.py": """
        class Meant:
            value: int = 0

            def common(self):
                return self.value
        """,
    **{
        f"other{number}.py": f"""
            class Other{number}:
                value: int = 1

                def common(self):
                    self.common()
                    self.value = 2
            """
        for number in range(40)
    },
}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("from base import Meant\nMeant().common()\n", 2),
        ("from base import Meant\nclass Heir(Meant):\n    def f(self):\n        self.common()\n", 4),
        ("from base import Meant\nclass Heir(Meant):\n    def f(self):\n        super().common()\n", 4),
        (
            "from base import Meant\nclass Heir(Meant):\n    @classmethod\n    def f(cls):\n        cls.common()\n",
            5,
        ),
        ("from base import Meant\ndef f(self: Meant):\n    self.common()\n", 3),
        ("from base import Meant\nself = Meant()\nself.common()\n", 3),
        ("from base import Meant\nmyself = Meant()\nmyself.common()\n", 3),
        ("from made import make\nmake().common()\n", 2),
        ("from made import make\n(make()\n .  common())\n", 3),
        ("from made import Holder\nclass C(Holder):\n    def f(self):\n        self.held.common()\n", 4),
    ],
)
async def test_every_way_to_mention_it_is_found(ask: Ask, source: str, line: int) -> None:
    made = "from base import Meant\ndef make() -> Meant: ...\nclass Holder:\n    held: Meant\n"
    sources = BASE | {"made.py": made, "mention.py": source}
    found = await ask(sources, lambda index: places(index, "common"))
    assert found == [("base.py", 4), ("mention.py", line)]


async def test_an_heir_of_an_heir_is_one(ask: Ask) -> None:
    sources = BASE | {
        "heir.py": "from base import Meant as M\nclass Heir(M): ...\n",
        "second.py": "import heir\nclass Second(heir.Heir):\n    def f(self):\n        self.common()\n",
    }
    assert ("second.py", 4) in await ask(sources, lambda index: places(index, "common"))


async def test_what_others_have_is_left_out(ask: Ask) -> None:
    assert await ask(BASE, lambda index: places(index, "common")) == [("base.py", 4)]
    assert await ask({}, lambda index: places(index, "value")) == [("base.py", 2), ("base.py", 5)]


def places(index: Index, name: str) -> list[tuple[str, int]]:
    return [(one.path, one.line) for one in node_references(index, f"node:base.py:Meant.{name}")]
