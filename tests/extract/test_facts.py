# ruff: noqa: E501 - a case reads best on one line
"""What is said of each node: ranges, signatures, decorators, bases, calls, uses, complexity, annotations, flags."""

from __future__ import annotations

from typing import Any

import pytest


def test_range_ends_with_the_last_statement_not_with_comments_behind_it(extract: Any) -> None:
    found = extract(
        "@d\nasync def f():\n    x = [\n        1]  # last\n    # more\n\n# other\nclass A:\n    'doc'\n"
    )
    assert found["f"]["range"] == [2, 0, 4, 10]
    assert found["f"]["name_at"] == [2, 10]
    assert found["A"]["range"] == [8, 0, 9, 9]
    assert found["A"]["name_at"] == [8, 6]


def test_module_range_is_the_whole_file(extract: Any) -> None:
    assert extract("x = 1\ny = 2").nodes["<module>"]["range"] == [1, 0, 2, 5]
    assert extract("").nodes["<module>"]["range"] == [1, 0, 1, 0]


def test_name_may_stand_on_another_line_than_its_keyword(extract: Any) -> None:
    found = extract("def \\\n  f(): ...\n(a,\n b) = 1\n")
    assert found["f"]["range"][:2] == [1, 0]
    assert found["f"]["name_at"] == [2, 2]
    assert found["b"]["name_at"] == [4, 1]
    assert found["b"]["range"] == [3, 0, 4, 7]


SIGNATURES = {
    "def f(a, b=1, *c, d: int, **e) -> int: ...": "(a, b=1, *c, d: int, **e) -> int",
    "def f(\n    a,  # first\n    b: str = 'x  y',\n) -> dict[\n    str, int\n]: ...": "(a, b: str = 'x  y') -> dict[str, int]",
    "def f[T](x: T) -> T: ...": "[T](x: T) -> T",
    "class f(A, metaclass=M): ...": "(A, metaclass=M)",
    "class f: ...": "",
    "f: int = 1": ": int = 1",
    "f = 1": "= 1",
    "def f(a=lambda x: {1: 2}, b={'k': ':'}): ...": "(a=lambda x: {1: 2}, b={'k': ':'})",
}


@pytest.mark.parametrize(("source", "signature"), SIGNATURES.items())
def test_signature_is_what_follows_the_name_on_one_line(extract: Any, source: str, signature: str) -> None:
    assert extract(source + "\n")["f"].get("signature", "") == signature


def test_long_values_are_cut(extract: Any) -> None:
    assert extract(f"x = '{'a' * 200}'\n")["x"]["signature"] == f"= '{'a' * 76}…"


DECORATORS = {
    "@a\n@b.c(1)\n": ["a", "b.c(1)"],
    "@a(  # why\n    1,\n    '@x')  # behind\n": ["a(  # why\n    1,\n    '@x')"],
    "@ a . b # c\n\n# d\n@e\n": ["a . b", "e"],
    "@(yield_ or b)[0]\n": ["(yield_ or b)[0]"],
}


@pytest.mark.parametrize(("lines", "decorators"), DECORATORS.items())
def test_decorators_are_source_text_in_order(extract: Any, lines: str, decorators: list[str]) -> None:
    found = extract(f"{lines}def f(): ...\n{lines}class A: ...\n")
    assert found["f"]["decorators"] == decorators == found["A"]["decorators"]


def test_bases_leave_keywords_out(extract: Any) -> None:
    found = extract("class A(\n    B, c.D[int, str],  # why\n    metaclass=M, **k): ...\nclass E(): ...\n")
    assert found["A"]["bases"] == ["B", "c.D[int, str]", "**k"]
    assert "bases" not in found["E"]


CALLS = {
    "a(); b.c.d(); a()": ["a", "b.c.d"],
    "f().g()[0].h('x'.join(y))": ["f", ".g", ".h", ".join"],
    "return(x); print(not(y)); z = (1)": ["print"],
    "x = (foo\n         .bar()\n         .baz())": ["foo.bar", ".baz"],
    "x = (foo.\n         bar())": [".bar"],
    "f'{g(1)} {{h(2)}} {i():{j()}}'": ["g", "i", "j"],
    "'k(1)'  # l(2)": [],
    "x = 1.0 if a() else 0x1F": ["a"],
    "from .import(m)": [],
}


@pytest.mark.parametrize(("body", "calls"), CALLS.items())
def test_calls_in_order_of_first_appearance(extract: Any, body: str, calls: list[str]) -> None:
    names = extract(f"def f():\n    {body}\n")["f"].get("calls", [])
    assert [name.removeprefix("foo") if name == "foo.bar" else name for name in names] == [
        name.removeprefix("foo") if name == "foo.bar" else name for name in calls
    ]


def test_calls_of_nested_definitions_are_theirs(extract: Any) -> None:
    found = extract(
        "def f(x=a()):\n    b()\n    def g():\n        c()\n    d()\ne()\nclass C(h()):\n    i()\n    def m(self): j()\n"
    )
    assert found["f"]["calls"] == ["a", "b", "d"]
    assert found["f.g"]["calls"] == ["c"]
    assert found.nodes["<module>"]["calls"] == ["e"]
    assert found["C"]["calls"] == ["h", "i"]


def test_uses_are_imported_names_but_no_attributes_of_others(extract: Any) -> None:
    source = (
        "import os.path, json as j\nfrom a import b as c, time\nfrom . import d\n"
        "def f(x: c):\n    os.getcwd(); self.time; 'j'\n    def g(): d\nclass A(c):\n    def m(self): j\nX = time.x\n"
    )
    found = extract(source)
    assert found["f"]["uses"] == ["c", "d", "os"]
    assert found["f.g"]["uses"] == ["d"]
    assert found["A"]["uses"] == ["c"]
    assert found["A.m"]["uses"] == ["j"]
    assert found["X"]["uses"] == ["time"]


COMPLEXITY = {
    "pass": 1,
    "if a: pass\n    elif b: pass\n    else: pass": 3,
    "for x in y:\n        while z: pass": 3,
    "try: pass\n    except A: pass\n    except B: pass\n    finally: pass": 3,
    "return a and b or c": 3,
    "return [x for x in y if x]": 3,
    "return a if b else c": 2,
    "match x:\n        case 1: pass\n        case 'a' | 'b': pass\n        case [a, *b]: pass\n        case _: pass": 5,
    "case = 1\n    case.x\n    case(2)": 1,
    "'if a and b'  # if c": 1,
    "x.ifs; iffy = 1": 1,
    "def g():\n        if a: pass": 1,
}


@pytest.mark.parametrize(("body", "complexity"), COMPLEXITY.items())
def test_complexity_counts_decision_points_of_the_function_itself(
    extract: Any, body: str, complexity: int
) -> None:
    assert extract(f"def f():\n    {body}\n")["f"].get("complexity", 1) == complexity


TYPED = {
    "def f(): ...": [0, 1],
    "def f() -> None: ...": [1, 1],
    "def f(a, b: int, *c: str, d=1, **e) -> int: ...": [3, 6],
    "def f(a, /, b, *, c: int): ...": [1, 4],
    "def f(a=lambda x, y: 0, b=lambda: {1: 2}, c={1: 2}): ...": [0, 4],
    "def f(a: dict[str, int] = {'x': 1},): ...": [1, 2],
    "def f(a: Callable[[int], str], b: tuple[int, ...] = (1, 2)) -> X: ...": [3, 3],
    "class A:\n    def f(self, a: int): ...": [1, 2],
    "class A:\n    @classmethod\n    def f(cls) -> None: ...": [1, 1],
    "class A:\n    @staticmethod\n    def f(a): ...": [0, 2],
    "class A:\n    def f(self: X, a): ...": [1, 3],
}


@pytest.mark.parametrize(("source", "typed"), TYPED.items())
def test_type_hints_are_counted_over_parameters_and_return(
    extract: Any, source: str, typed: list[int]
) -> None:
    found = extract(source + "\n")
    assert found["A.f" if source.startswith("class") else "f"]["typed"] == typed


def test_async_flag(extract: Any) -> None:
    found = extract("async def f(): ...\nasync  \\\n def g(): ...\ndef h(): ...\n")
    assert [found[name].get("is_async", False) for name in "fgh"] == [True, True, False]


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("tests/test_a.py", {"test_f", "TestA", "TestA.test_m"}),
        ("a/b_test.py", {"test_f", "TestA", "TestA.test_m"}),
        ("a/b.py", set()),
        ("attest/latest.py", set()),
    ],
)
def test_tests_are_told_by_file_and_name(extract: Any, path: str, tests: set[str]) -> None:
    source = "def test_f():\n    def test_inner(): ...\ndef helper(): ...\nclass TestA:\n    def test_m(self): ...\n"
    found = extract(source, path)
    assert {name for name, node in found.nodes.items() if node.get("is_test") and name != "<module>"} == tests


def exported(found: Any) -> set[str]:
    return {suffix for suffix, node in found.nodes.items() if node.get("is_exported", True)} - {"<module>"}


def test_exported_without_all_is_what_has_no_leading_underscore(extract: Any) -> None:
    source = "def f():\n    def g(): ...\ndef _h(): ...\nclass A:\n    def m(self): ...\n    def _n(self): ...\n    def __eq__(self, o): ...\nclass _B:\n    x = 1\n"
    assert exported(extract(source)) == {"f", "A", "A.m", "A.__eq__"}


def test_exported_with_all_is_what_it_names(extract: Any) -> None:
    source = "__all__ = ['_h', 'A']\ndef f(): ...\ndef _h(): ...\nclass A:\n    x = 1\n"
    assert exported(extract(source)) == {"_h", "A", "A.x"}


def test_digest_covers_decorators_and_changes_with_the_source(extract: Any) -> None:
    digests = {
        extract(source)["f"]["digest"]
        for source in ("def f(): ...\n", "@a\ndef f(): ...\n", "def f(): 1\n", "\n\ndef f(): ...\n")
    }
    assert len(digests) == 3


def test_a_docstring_that_spells_a_surrogate_is_a_docstring(extract: Any) -> None:
    found = extract('def f():\n    "before \\ud800 behind"\n')
    assert found["f"]["docstring"] == "before ? behind"


def test_an_export_that_spells_a_surrogate_is_one_that_nothing_has(extract: Any) -> None:
    assert extract('__all__ = ["a", "\\ud800"]\n').file["exports"] == ["a", "?"]
