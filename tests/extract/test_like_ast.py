# ruff: noqa: E501 - a case reads best on one line
"""Structure against ``ast``: generated modules, both from the tree and from the logical lines."""

from __future__ import annotations

import ast
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remora_hub.extract import extract as extraction
from remora_hub.extract.extract import Extractor
from remora_hub.extract.logical_lines import statements_of_lines
from remora_hub.facts import unpack_nodes

_NAMES = st.sampled_from(["a", "b", "_c", "Dé", "match"])
_LEAVES = st.sampled_from(
    [
        "pass", "x = (\n1,\n  2)", "'''doc\nclass No:\n  def no(): ...\n'''", "y = 'def f(): ...'  # class C:", "return_ = [\n\n]",
        "if a: b = 1; c = 2", "# comment", "d = lambda: (yield)", "import os; z = 1", "e = f'{a!r:>{b}} {{}}'", "g \\\n  = 1", "",
        "async_ = {'class': 1, **a}", "print('''\n''' % b, end='')", "x: int", "del a, b",
    ]
)  # fmt: skip
_OPENERS = st.sampled_from(
    [
        "if a:", "while b: # c", "for i in (1,\n  2):", "with a as b, c(\n):", "try:", "match a:", "async with a:", "if (a and\n  b):",
    ]
)  # fmt: skip
_HEADERS = st.sampled_from(
    [
        "def {}():", "def {}(a, b=(1,\n  2)) -> '''x\n''':", "async def {}(self): # c", "class {}:", "class {}(A, m=B[1:2]):",
        "async  \\\n def {}(x: dict[str, int] = {{1: 2}}, /, *, y=lambda z: 0):", "@d\ndef {}(a):", "@d(\n  ':'\n)\n\n# c\nclass {} ( ):",
    ]
)  # fmt: skip


def _indented(text: str) -> str:
    """Every logical line's first physical line is indented; what continues one is left alone, as Python leaves it."""
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _suite(header: str, body: list[str]) -> str:
    closing = "\nfinally:\n    pass" if header == "try:" else ""
    inner = "\n".join([*body, "pass"])
    if header.startswith("match"):
        inner = "case _:\n" + _indented(inner)
    return f"{header}\n{_indented(inner)}{closing}"


_STATEMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda header, name, body: _suite(header.format(name), body),
            _HEADERS,
            _NAMES,
            st.lists(inner, max_size=4),
        ),
        st.builds(_suite, _OPENERS, st.lists(inner, max_size=3)),
    ),
    max_leaves=12,
)
_MODULES = st.lists(_STATEMENTS, max_size=5).map(lambda statements: "\n".join([*statements, ""]))


def definitions_of_ast(parent: ast.AST, prefix: str = "") -> list[tuple[str, int, int]]:
    found = []
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append((prefix + node.name, node.lineno, node.end_lineno or 0))
            found += definitions_of_ast(node, f"{prefix}{node.name}.")
        else:
            found += definitions_of_ast(node, prefix)
    return found


def definitions_found(source: str) -> list[tuple[str, int, int]]:
    found = []
    for body in unpack_nodes(Extractor().extract("a.py", source.encode()).nodes):
        node = msgspec.json.decode(body)
        if node["kind"] in ("class", "function", "method", "property"):
            found.append((node["qualname"], node["range"][0], node["range"][2]))
    return found


@pytest.fixture(params=["tree", "lines"])
def path(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "lines":
        monkeypatch.setattr(extraction, "statements_of_tree", lambda _, mask, *__: statements_of_lines(mask))
    return str(request.param)


def test_generated_modules_have_the_definitions_that_ast_finds(path: str) -> None:
    @settings(max_examples=150, deadline=None, database=None)
    @given(_MODULES)
    def check(source: str) -> None:
        assert sorted(definitions_found(source)) == sorted(definitions_of_ast(ast.parse(source)))

    check()
