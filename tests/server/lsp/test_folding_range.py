from __future__ import annotations

from typing import Any

import pytest


async def folded(editor: Any, source: str) -> list[tuple[int, int, str | None]]:
    editor.open("app/new.py", source)
    found = await editor.about("textDocument/foldingRange", "app/new.py")
    return [(one["startLine"], one["endLine"], one.get("kind")) for one in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n", []),
        ("", []),
        ("def f():\n    x\n\n    y\n\n\nz\n", [(0, 3, None)]),
        ("class A:\n    def f(self):\n        x\n    y = 1\n", [(0, 3, None), (1, 2, None)]),
        ("if a:\n    x\nelif b:\n    y\nelse:\n    z\n", [(0, 1, None), (2, 3, None), (4, 5, None)]),
        ("import os\n\n# why\nfrom a import (\n    b,\n)\nx\n", [(0, 5, "imports"), (3, 5, None)]),
        ("x = [\n    1,\n]\n", [(0, 2, None)]),
        ('"""One\n\ntwo."""\n', [(0, 2, None)]),
        ("def f(\n    a,\n):\n    x\n", [(0, 3, None)]),
        ("def f(:\n    x = (\n\ndef g():\n    y\n", [(0, 1, None), (3, 4, None)]),
        ("if a:\n\tx\n        y\n", [(0, 2, None)]),
    ],
)
async def test_what_takes_several_lines_is_folded(
    editor: Any, source: str, expected: list[tuple[int, int, str | None]]
) -> None:
    assert await folded(editor, source) == expected
