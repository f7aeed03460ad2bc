# ruff: noqa: E501 - a case reads best on one line
"""Code that does not parse is the normal state of a file being edited: what can be seen in it is found."""

from __future__ import annotations

import ast
import inspect
import textwrap
import tokenize
from typing import Any

import pytest

CLASS = "import a\nclass A:\n    def f(self):\n        self.x = 1\n{broken}\n    def h(self):\n        return 2\nclass B:\n    def k(self): ...\n"
BROKEN = [
    "    def", "    def g", "    def g(", "    def g(self", "    def g(self, x=", "    def g(self):", "    def g(self):\n        x = (",
    "    def g(self):\n        return [", "    def g(self):\n        if x", "    def g(self):\n        x = {'a': ", "    @", "    @d(",
    "    def g(self):\n        foo(1,", "    def g(self):\n        x = 'abc", "    def g(self):\n        for", "    x = ", "    async def g(self",
    "<<<<<<< HEAD\n    def g(self): ...\n=======\n    def g(self, x): ...\n>>>>>>> other", "    x: dict[", "    def g(self) ->",
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_method_being_typed_hides_no_other(extract: Any, broken: str) -> None:
    found = extract(CLASS.format(broken=broken))
    assert {"A", "A.f", "A.x", "A.h", "B", "B.k"} <= set(found.nodes)
    assert found["A.h"]["range"][2] == found["A"]["range"][2]
    assert found.file["imports"][0]["names"] == ["a"]


def test_what_does_not_parse_is_a_problem_with_its_place(extract: Any) -> None:
    found = extract("x = 1\ny = = 2\nz = 3\n")
    assert [(problem["kind"], problem["line"]) for problem in found.file["problems"]] == [("syntax", 2)]
    assert {"x", "z"} <= set(found.nodes)


def test_conflict_markers_keep_both_sides(extract: Any) -> None:
    found = extract("<<<<<<< a\ndef f(): ...\n=======\ndef f(x): ...\n>>>>>>> b\ndef g(): ...\n")
    assert {"f", "f#2", "g"} <= set(found.nodes)


MODULES = [textwrap, tokenize]


@pytest.mark.parametrize("module", MODULES)
def test_no_truncation_raises(extract: Any, module: Any) -> None:
    source = inspect.getsource(module).encode()[:8_000]
    for length in range(0, len(source), 61):
        extract(source[:length])


@pytest.mark.parametrize("module", MODULES)
def test_no_deleted_line_raises_or_hides_a_class(extract: Any, module: Any) -> None:
    lines = inspect.getsource(module).splitlines(keepends=True)
    classes = {node.name for node in ast.parse("".join(lines)).body if isinstance(node, ast.ClassDef)}
    for number, line in enumerate(lines[:250]):
        if line.strip() and not line.startswith("class") and '"""' not in line:
            found = extract("".join(lines[:number] + lines[number + 1 :]))
            assert classes <= set(found.nodes), f"without line {number + 1}: {line!r}"


@pytest.mark.parametrize(
    "data",
    [b"\0" * 100, bytes(range(256)), b"\xff\xfe\x00", b"(" * 3_000, b"\\\n" * 300, b"def " * 300, b"@" * 300],
)
def test_nonsense_does_not_raise(extract: Any, data: bytes) -> None:
    assert extract(data)["<module>"]["kind"] == "module"


@pytest.mark.parametrize("header", ["def f():", "class C:", "def :"])
def test_code_nested_deeper_than_python_takes_it_is_left_out_and_named(extract: Any, header: str) -> None:
    def nested(levels: int) -> str:
        return "".join(" " * level + header + "\n" for level in range(levels)) + " " * levels + "x = 1\n"

    found = extract("def first(): ...\n" + nested(1_000) + "def last(): ...\n")
    assert {"first", "last"} <= set(found.nodes)
    assert "nested too deeply" in found.file["problems"][-1]["message"]
    assert not any(
        "too deeply" in problem["message"] for problem in extract(nested(99)).file.get("problems", [])
    )
