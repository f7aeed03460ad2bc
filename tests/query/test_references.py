"""References, with the answers inside the sources.

``[name]`` (with two brackets each) is a mention of the symbol in question, ``?`` behind the opening ones says that
it is not certain. Whichever certain mention is asked about, the answer is all of them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remora_hub.answers import Place, Reference
from remora_hub.query.references import highlights, node_references, references

Ask = Callable[..., Awaitable[Any]]
Mention = tuple[str, int, int, bool]

_MARK = re.compile(r"\[\[(\??)(\w+)\]\]")


def read(marked: dict[str, str]) -> tuple[dict[str, str], list[Mention]]:
    """The sources without marks, and where the marks were: path, line, column, whether certain."""
    sources: dict[str, str] = {}
    mentions: list[Mention] = []
    for path, text in marked.items():
        lines: list[str] = []
        for number, marked_line in enumerate(text.split("\n"), 1):
            line = marked_line
            while match := _MARK.search(line):
                mentions.append((path, number, match.start(), not match[1]))
                line = line[: match.start()] + match[2] + line[match.end() :]
            lines.append(line)
        sources[path] = "\n".join(lines)
    return sources, sorted(mentions)


def places(found: list[Reference]) -> list[Mention]:
    return [(one.path, one.line, one.column, one.certain) for one in found]


CASES = {
    "a function under its name, imported and re-exported; its namesakes are others": {
        "pkg/__init__.py": "from .a import [[run]]\n__all__ = ['run']\n",
        "pkg/a.py": "def [[run]](): ...\n[[run]]()\ndef other(run): run()\n",
        "app.py": "from pkg import [[run]]\nimport pkg\n[[run]]()\npkg.[[run]]\nclass C:\n    def run(self): ...\n",
        "else.py": "def run(): ...\nrun()\n",
    },
    "a method through self, a subclass and typed variables; not the one that overrides it": {
        "a.py": "class A:\n    def [[go]](self): self.[[go]]()\n",
        "b.py": "from a import A\nclass B(A):\n    def use(self):\n        self.[[go]]()\n        super().[[go]]()\n"
        "def f(a: A, b: B):\n    a.[[go]]()\n    b.[[go]]()\n",
        "c.py": "from a import A\nclass C(A):\n    def go(self): self.go()\nC().go()\n",
    },
    "a local variable, not the module's": {
        "m.py": "x = 1\ndef f():\n    [[x]] = 2\n    def g(): return [[x]]\n    return [[x]]\nprint(x)\n",
    },
    "a parameter and the keyword arguments that mean it": {
        "m.py": "def f([[size]], other=0):\n    return [[size]]\nf([[size]]=1)\ndef g(size): ...\ng(size=1)\n",
        "n.py": "from m import f\nsize = 1\nf(other=size, [[size]]=size)\n",
    },
    "a module variable that functions declare global": {
        "m.py": "[[n]] = 0\ndef f():\n    global [[n]]\n    [[n]] += 1\ndef g(n): return n\n",
        "o.py": "import m\nm.[[n]]\n",
    },
    "an attribute assigned through self": {
        "m.py": "class A:\n    def __init__(self, part):\n        self.[[part]] = part\n"
        "    def f(self): return self.[[part]]\ndef g(a: A): a.[[part]] = None\n",
    },
    "a class in annotations, bases and patterns": {
        "m.py": "class [[A]]: ...\nclass B([[A]]): ...\ndef f(x: [[A]] | None, y: list[[[A]]]) -> [[A]]:\n"
        "    match x:\n        case [[A]](): return [[A]]()\n",
    },
    "a member that only one class has, asked of an unknown object": {
        "m.py": "class A:\n    def [[only]](self): ...\ndef f(x): x.[[?only]]()\n",
    },
    "a loop variable of a comprehension": {
        "m.py": "row = 0\nrows = [[[row]] for [[row]] in range(9) if [[row]]]\nprint(row)\n",
    },
    "strings and comments are no mentions, fields of f-strings are": {
        "m.py": "def [[f]](): ...\n# f\nx = 'f', f'f {[[f]]()}'\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("marked", CASES.values(), ids=CASES)
async def test_every_mention_of_a_symbol_and_no_other_is_a_reference(
    ask: Ask, marked: dict[str, str]
) -> None:
    sources, mentions = read(marked)
    asked = [mention for mention in mentions if mention[3]]
    answers = await ask(
        sources, lambda index: [places(references(index, Place(*mention[:3]))) for mention in asked]
    )
    for mention, found in zip(asked, answers, strict=True):
        assert found == mentions, f"asked at {mention}"


async def test_roles_and_containers_of_references(ask: Ask) -> None:
    source = "from a import x\ndef f():\n    x.y = 1\n    return x\n"
    sources = {"a.py": "x = 1\nx = 2\n", "m.py": source}
    found = await ask(sources, lambda index: references(index, Place("m.py", 4, 11)))
    assert [(one.path, one.line, one.role, one.container.removeprefix("node:")) for one in found] == [
        ("a.py", 1, "definition", "a.py:<module>"),
        ("a.py", 2, "write", "a.py:<module>"),
        ("m.py", 1, "import", "m.py:<module>"),
        ("m.py", 3, "read", "m.py:f"),
        ("m.py", 4, "read", "m.py:f"),
    ]


async def test_the_definition_is_left_out_if_so_asked(ask: Ask) -> None:
    sources = {"m.py": "def f(): ...\nf()\n"}
    found = await ask(sources, lambda index: references(index, Place("m.py", 2, 0), include_definition=False))
    assert places(found) == [("m.py", 2, 0, True)]
    found = await ask({}, lambda index: node_references(index, "node:m.py:f", include_definition=False))
    assert places(found) == [("m.py", 2, 0, True)]


async def test_nothing_has_no_references(ask: Ask) -> None:
    sources = {"m.py": "x = 1 + len('a')\n"}
    assert await ask(sources, lambda index: references(index, Place("m.py", 1, 6))) == []
    assert await ask({}, lambda index: references(index, Place("none.py", 1, 0))) == []
    assert await ask({}, lambda index: node_references(index, "node:m.py:none")) == []


async def test_highlights_are_the_references_in_the_same_file(ask: Ask) -> None:
    sources = {"a.py": "def f(): ...\n", "m.py": "from a import f\nf()\ndef g(f): f\n"}
    found = await ask(sources, lambda index: highlights(index, Place("m.py", 2, 0)))
    assert [(one.path, one.line) for one in found] == [("m.py", 1), ("m.py", 2)]


async def test_what_comes_from_outside_is_highlighted_as_it_is_spelled(ask: Ask) -> None:
    sources = {"m.py": "print(1)\nlen('a')\nprint(2)\n"}
    found = await ask(sources, lambda index: highlights(index, Place("m.py", 1, 0)))
    assert [(one.line, one.certain) for one in found] == [(1, False), (3, False)]
