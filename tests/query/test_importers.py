from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from remora_hub.query.importers import importers

Ask = Callable[..., Awaitable[Any]]

FILES = {
    "pkg/__init__.py": "from . import mod\n",
    "pkg/mod.py": "x = y = 1\n",
    "pkg/near.py": "from .mod import x, y as z\nfrom . import near\nfrom typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from pkg import mod as m, near\n",
    "pkg/sub/__init__.py": "from ..mod import (\n    x,\n    y,\n)\nfrom .. import version\n",
    "app.py": "import pkg.mod; import os, pkg.mod as pm\ndef f():\n    from pkg.mod import *\n",
    "mod.py": "import pkg\nmod = 1\n",
    "other.py": "import mod\nfrom mod import mod\n",
}


async def found(ask: Ask, path: str) -> list[tuple[str, str, str, list[str]]]:
    answer = await ask(FILES, lambda index: importers(index, path))
    spans = [f"{one.line}:{one.column}-{one.end_line}:{one.end_column}" for one in answer]
    return [(one.path, span, one.module, one.names) for one, span in zip(answer, spans, strict=True)]


async def test_every_form_of_import_of_a_module_is_found_and_its_namesake_is_not(ask: Ask) -> None:
    assert await found(ask, "pkg/mod.py") == [
        ("app.py", "1:0-1:14", "pkg.mod", []),
        ("app.py", "1:16-1:40", "os, pkg.mod as pm", []),
        ("app.py", "3:4-3:25", "pkg.mod", ["*"]),
        ("pkg/__init__.py", "1:0-1:17", ".", ["mod"]),
        ("pkg/near.py", "1:0-1:26", ".mod", ["x", "y as z"]),
        ("pkg/near.py", "5:4-5:34", "pkg", ["mod as m"]),
        ("pkg/sub/__init__.py", "1:0-4:1", "..mod", ["x", "y"]),
    ]
    assert await found(ask, "mod.py") == [
        ("other.py", "1:0-1:10", "mod", []),
        ("other.py", "2:0-2:19", "mod", ["mod"]),
    ]


async def test_a_packages_importers_take_names_from_it_or_bind_it(ask: Ask) -> None:
    assert await found(ask, "pkg/__init__.py") == [
        ("app.py", "1:0-1:14", "pkg.mod", []),
        ("app.py", "1:16-1:40", "os, pkg.mod as pm", []),
        ("mod.py", "1:0-1:10", "pkg", []),
        ("pkg/near.py", "2:0-2:18", ".", ["near"]),
        ("pkg/near.py", "5:4-5:34", "pkg", ["mod as m", "near"]),
        ("pkg/sub/__init__.py", "5:0-5:22", "..", ["version"]),
    ]


async def test_imports_for_type_checkers_are_marked(ask: Ask) -> None:
    answer = await ask(FILES, lambda index: importers(index, "pkg/mod.py"))
    assert [(one.path, one.line) for one in answer if one.type_checking] == [("pkg/near.py", 5)]


async def test_the_importers_of_a_stub_are_those_of_its_source(ask: Ask) -> None:
    sources = {
        "m.py": "x = 1\n",
        "m.pyi": "x: int\n",
        "n.py": "import m\n",
        "only.pyi": "y: int\n",
        "o.py": "import only\n",
    }
    assert [one.path for one in await ask(sources, lambda index: importers(index, "m.pyi"))] == ["n.py"]
    assert [one.path for one in await ask({}, lambda index: importers(index, "only.pyi"))] == ["o.py"]
    assert await ask({}, lambda index: importers(index, "none.py")) == []
