# ruff: noqa: E501 - a case reads best on one line
"""References are looked for in all files that imports can reach, however the name gets there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from remora_hub.query.engine import QueryEngine
from remora_hub.query.references import node_references
from remora_hub.store import NodeStateStore

Save = Callable[[dict[str, str]], Awaitable[int]]

WAYS = {
    "by name": {"use.py": "from pkg.deep.module import target\ntarget()"},
    "under another name": {"use.py": "import pkg.deep.module as short\nshort.target()"},
    "through its package": {"pkg/__init__.py": "from .deep.module import target", "use.py": "from pkg import target\ntarget()"},
    "through a star": {"pkg/__init__.py": "from .deep.module import *", "use.py": "import pkg\npkg.target()"},
    "through two stars": {
        "pkg/deep/__init__.py": "from .module import *",
        "pkg/__init__.py": "from .deep import *",
        "use.py": "from pkg import target\ntarget()",
    },
    "through any module": {"other.py": "from pkg.deep.module import target", "use.py": "from other import target\ntarget()"},
    "from its package, relatively": {
        "pkg/__init__.py": "from pkg.deep.module import target",
        "pkg/use.py": "from . import target\ntarget()",
    },
    "as an attribute of its module, taken from another": {
        "other.py": "from pkg.deep import module",
        "use.py": "from other import module\nmodule.target()",
    },
    "as an attribute of its package": {"use.py": "from pkg.deep import module\nmodule.target()"},
}  # fmt: skip
OTHERS = {
    "a name of its own": {"use.py": "def target(): ...\ntarget()"},
    "from another module": {"other.py": "def target(): ...", "use.py": "from other import target\ntarget()"},
    "a method": {"use.py": "class C:\n    def target(self): ...\nC().target()"},
    "a parameter": {"use.py": "from pkg.deep import module\ndef f(target):\n    target()"},
}


@pytest.fixture
async def engine(store: NodeStateStore) -> AsyncIterator[QueryEngine]:
    made = QueryEngine(store)
    yield made
    await made.close()


async def _uses(engine: QueryEngine, save: Save, sources: dict[str, str]) -> list[tuple[str, int]]:
    base = {"pkg/__init__.py": "", "pkg/deep/__init__.py": "", "pkg/deep/module.py": "def target(): ..."}
    await save({**base, **sources})
    found = await engine.ask(lambda index: node_references(index, "node:pkg/deep/module.py:target"))
    return [(one.path, one.line) for one in found if one.path.endswith("use.py")]


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_is_found(engine: QueryEngine, save: Save, way: str) -> None:
    path = next(path for path in WAYS[way] if path.endswith("use.py"))
    assert (path, 2) in await _uses(engine, save, WAYS[way])


@pytest.mark.parametrize("way", OTHERS)
async def test_another_of_that_name_is_not(engine: QueryEngine, save: Save, way: str) -> None:
    assert await _uses(engine, save, OTHERS[way]) == []
