# ruff: noqa: E501, ISC004 - a case reads best on one line
"""Which nodes a source has: kinds, qualified names, ordinals, in source order."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "functions and methods, async and nested": (
        "def f():\n    async def inner(): ...\nclass A:\n    async def m(self):\n        def deep(): ...\n    class B:\n        def n(self): ...\n",
        {
            "f": "function", "f.inner": "function", "A": "class", "A.m": "method", "A.m.deep": "function",
            "A.B": "class", "A.B.n": "method",
        },
    ),
    "a name defined again has an ordinal": (
        "try:\n    def f(): ...\nexcept E:\n    def f(x): ...\nif a:\n    pass\nelse:\n    def f(x, y): ...\n",
        {"f": "function", "f#2": "function", "f#3": "function"},
    ),
    "overloads": (
        "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): ...\n",
        {"f": "function", "f#2": "function", "f#3": "function"},
    ),
    "properties and their setters": (
        "class A:\n    @property\n    def p(self): ...\n    @p.setter\n    def p(self, v): ...\n"
        "    @functools.cached_property\n    def q(self): ...\n    @x.deleter\n    def x(self): ...\n",
        {"A": "class", "A.p": "property", "A.p#2": "property", "A.q": "property", "A.x": "property"},
    ),
    "a property outside a class is a function": ("@property\ndef f(): ...\n", {"f": "function"}),
    "variables, constants, type aliases": (
        "x = 1\nLIMIT = 2\ny: int\nz: Final = 3\nA: TypeAlias = int\ntype B[T] = list[T]\ntype = 4\n",
        {"x": "variable", "LIMIT": "constant", "y": "variable", "z": "constant", "A": "type_alias", "B": "type_alias",
         "type": "variable"},
    ),
    "tuple, chained, starred targets": (
        "a, b = 1, 2\nc = d = 3\n[e, *f] = g\n(h, (i, j)) = k\nx.y = z[0] = 1\n",
        dict.fromkeys("abcdefhij", "variable"),
    ),
    "what is no binding": ("f(a=1)\nx == 1\nx += 1\nx[0] = 1\ny.z = 1\n'a = 1'\nassert (b := 1)\n", {}),
    "the first binding of a name is the node": ("x = 1\nx = 2\n", {"x": "variable"}),
    "bindings in blocks of the module": (
        "if a:\n    b = 1\nelif c:\n    d = 1\ntry:\n    e = 1\nexcept E:\n    f = 1\nfinally:\n    g = 1\n"
        "with w:\n    h = 1\nfor i in j:\n    k = 1\nwhile l:\n    m = 1\nmatch n:\n    case 1:\n        o = 1\n",
        dict.fromkeys("bdefghkmo", "variable"),
    ),
    "bindings in a class": ("class A:\n    x: int = 1\n    LIMIT = 2\n    if a:\n        y = 1\n",
        {"A": "class", "A.x": "class_variable", "A.LIMIT": "constant", "A.y": "class_variable"}),
    "locals of a function are none": ("def f():\n    x = 1\n    class A:\n        y = 1\n",
        {"f": "function", "f.A": "class", "f.A.y": "class_variable"}),
    "a class on one line": ("class A: x = 1; y = 2\n", {"A": "class", "A.x": "class_variable", "A.y": "class_variable"}),
    "names beyond ASCII": ("def größe(): ...\nπ = 3\n", {"größe": "function", "π": "variable"}),
    "type parameters": ("class A[T: (int, str)](B): ...\ndef f[**P, *Ts](x: T) -> T: ...\n",
        {"A": "class", "f": "function"}),
    "soft keywords as names": ("match = 1\ncase = 2\n_ = 3\nprint(match)\n",
        {"match": "variable", "case": "variable", "_": "variable"}),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_kinds(extract: Any, source: str, expected: dict[str, str]) -> None:
    assert extract(source).kinds() == expected


ATTRIBUTES = {
    "assigned": ("self.x = 1", ["x"]),
    "annotated": ("self.x: int = 1\n        self.y: str", ["x", "y"]),
    "tuple": ("self.x, self.y = 1, 2\n        (self.z, a) = b", ["x", "y", "z"]),
    "chained": ("self.x = self.y = 1", ["x", "y"]),
    "with and for": ("with o() as self.x:\n            pass\n        for self.y in z:\n            pass", ["x", "y"]),
    "behind a semicolon and a colon": ("a = 1; self.x = 2\n        if a: self.y = 1", ["x", "y"]),
    "no comparison, no augmentation": ("self.x == 1\n        self.y += 1\n        self.z <= 1", []),
    "no slice, key, argument or lambda": (
        "a[self.x:1]\n        b = {self.y: 1}\n        f(self.z, c=1)\n        d = lambda: self.w", [],
    ),
    "not through another name": ("myself.x = 1\n        a.self.y = 2", []),
    "no attribute of an attribute": ("self.x.y = 1\n        self.x[0] = 2", []),
    "not in strings, comments, self-documenting fields": (
        "'self.x = 1'  # self.y = 1\n        f'{self.z=}'\n        f'{self.z = }'", [],
    ),
    "once, at the first assignment": ("self.x = 1\n        self.x = 2", ["x"]),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_attributes_through_self(extract: Any, body: str, expected: list[str]) -> None:
    found = extract(f"class A:\n    def __init__(self):\n        {body}\n")
    attributes = [node["qualname"] for node in found.nodes.values() if node["kind"] == "attribute"]
    assert attributes == [f"A.{name}" for name in expected]


def test_an_attribute_that_the_class_declares_is_its_class_variable(extract: Any) -> None:
    found = extract("class A:\n    x: int\n    def m(self):\n        self.x = 1\n        self.m = 2\n")
    assert found.kinds() == {"A": "class", "A.x": "class_variable", "A.m": "method"}


def test_an_attribute_belongs_to_the_innermost_class(extract: Any) -> None:
    source = "class A:\n    class B:\n        def m(self):\n            self.x = 1\n    def n(self):\n        self.y = 1\n"
    attributes = [suffix for suffix, kind in extract(source).kinds().items() if kind == "attribute"]
    assert attributes == ["A.B.x", "A.y"]
