# ruff: noqa: E501 - a case reads best on one line
"""Imports in all their forms, and ``__all__``."""

from __future__ import annotations

import ast
from typing import Any

import pytest

IMPORTS = {
    "absolute": ("import a, b.c as d\n", [{"names": ["a", "b.c as d"]}]),
    "from": ("from a.b import c, d as e\n", [{"module": "a.b", "names": ["c", "d as e"]}]),
    "relative": ("from . import a\nfrom ..b import c\nfrom ...d.e import f\n", [
        {"level": 1, "names": ["a"]}, {"level": 2, "module": "b", "names": ["c"]}, {"level": 3, "module": "d.e", "names": ["f"]},
    ]),
    "without space": ("from .import a\nfrom.b import(c)\nfrom . b import d\n", [
        {"level": 1, "names": ["a"]}, {"level": 1, "module": "b", "names": ["c"]}, {"level": 1, "module": "b", "names": ["d"]},
    ]),
    "star": ("from a import *\nfrom .b import*\n", [{"module": "a", "names": ["*"]}, {"level": 1, "module": "b", "names": ["*"]}]),
    "parentheses": ("from a import (  # why\n    b,  # b, c\n    c  as\n    d,\n)\n", [{"module": "a", "names": ["b", "c as d"]}]),
    "backslash": ("from a \\\n    import b, \\\n    c\nimport \\\n  d\n", [
        {"module": "a", "names": ["b", "c"]}, {"line": 4, "names": ["d"]},
    ]),
    "semicolons": ("import a; import b\nx = 1; from c import d; y = 2\n", [
        {"names": ["a"]}, {"names": ["b"]}, {"line": 2, "module": "c", "names": ["d"]},
    ]),
    "behind a colon": ("if x: import a\nelse: from b import c\n", [{"names": ["a"]}, {"line": 2, "module": "b", "names": ["c"]}]),
    "local": ("def f():\n    import a\n    def g():\n            import b\n", [{"line": 2, "names": ["a"]}, {"line": 4, "names": ["b"]}]),
    "type checking": (
        "if TYPE_CHECKING:\n    import a\n\n    from b import c\nimport d\nif typing.TYPE_CHECKING: import e\n",
        [{"line": 2, "names": ["a"], "type_checking": True}, {"line": 4, "module": "b", "names": ["c"], "type_checking": True},
         {"line": 5, "names": ["d"]}, {"line": 6, "names": ["e"], "type_checking": True}],
    ),
    "CRLF": ("import a\r\nfrom b import (\r\n    c,\r\n)\r\n", [{"names": ["a"]}, {"line": 2, "module": "b", "names": ["c"]}]),
    "no imports": ("importlib = x\nx.import_ = 1\n'import a'  # import b\nreimport = 2\ndef import_a(): ...\n'''\nimport c\n'''\n", []),
    "modules that begin with the word": ("from importlib import a\nimport importlib.b\n", [
        {"module": "importlib", "names": ["a"]}, {"line": 2, "names": ["importlib.b"]},
    ]),
    "at the end without a line end": ("import a", [{"names": ["a"]}]),
    "behind a form feed": ("\fimport a\n", [{"names": ["a"]}]),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_imports(extract: Any, source: str, expected: list[dict[str, Any]]) -> None:
    found = extract(source).file.get("imports", [])
    first_line = 1
    for statement, wanted in zip(found, expected, strict=True):
        line = wanted.get("line", statement["line"])
        assert statement == {**wanted, "line": line}
        assert line >= first_line
        first_line = line


@pytest.mark.parametrize("source", [source for source, _ in IMPORTS.values()], ids=IMPORTS)
def test_imports_are_those_of_ast(extract: Any, source: str) -> None:
    wanted = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [
                f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in node.names
            ]
            module, level = (node.module or "", node.level) if isinstance(node, ast.ImportFrom) else ("", 0)
            wanted.append((node.lineno, level, module, names))
    found = [
        (statement["line"], statement.get("level", 0), statement.get("module", ""), statement["names"])
        for statement in extract(source).file.get("imports", [])
    ]
    assert sorted(found) == sorted(wanted)


EXPORTS = {
    "list": ("__all__ = ['a', \"b\"]\n", ["a", "b"]),
    "tuple": ("__all__ = 'a', 'b'\n", ["a", "b"]),
    "annotated, over lines": ("__all__: list[str] = [\n    'a',  # 'x'\n    'b',\n]\n", ["a", "b"]),
    "extended": ("__all__ = ['a']\n__all__ += ['b']\n__all__.extend(['c'])\n__all__.append('d')\n", ["a", "b", "c", "d"]),
    "conditional": ("__all__ = ['a']\nif x:\n    __all__ += ['b']\n", ["a", "b"]),
    "empty": ("__all__ = []\n", []),
    "none": ("x = 1\n", None),
    "only read": ("print(__all__)\nx = '__all__ = [1]'\n", None),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), EXPORTS.values(), ids=EXPORTS)
def test_exports(extract: Any, source: str, expected: list[str] | None) -> None:
    assert extract(source).file.get("exports") == expected
