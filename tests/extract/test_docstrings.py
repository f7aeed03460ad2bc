# ruff: noqa: E501 - a case reads best on one line
"""The first line of a docstring is that of ``ast.get_docstring``."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import pytest

BODIES = [
    '"""One line."""', "'''Single quotes.'''", '"Plain."', "'Plain.'", '""""Quoted" at once."""', '"""Ends in a blank. """',
    '"""First.\n\n    Second.\n    """', '"""\n    On the second line.\n\n    More.\n    """', '"""\\\n    Continued.\n    """',
    '"""\n\n\n        Deeper.\n    Margin.\n    """', '""""""', '"""   """', '"""\n    """', '"""\n\n"""', 'r"""Raw \\d."""',
    'R"Raw."', 'u"Unicode."', 'U"Unicode."', 'b"Bytes."', 'f"Formatted."', 'rb"Raw bytes."', '"""Escaped \\t tab \\x41."""',
    '"""Carriage \\r return."""', '"""Escaped\\nline end."""', '"""Tab\there.\n\n    \tindented\n    """', '"One " "two."',
    '"One " \'two.\' r"\\three"', '"One " f"{two}"', '("In parentheses.")', '(\n        "In "\n        "two.")', '"No", "docstring"',
    '"No" + "docstring"', '"No".upper()', '"No" % x', '"Docstring"; x = 1', '"Docstring"  # comment', '\\\n    "Continued."',
    "x = 1\n    'No docstring.'", "# comment\n    'Docstring.'", '"Größe 🎉"', '"""Quote \\""" inside."""', "...", "pass",
    '"""First \\\n    joined."""', '"""  Leading."""', '"""\tTab."""', '"""\n\n      \n    Blank lines before."""', '("a"), "b"', "('a')('b')",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "header", ["def f():\n    ", "class f:\n    ", "class A:\n    def f(self): ", "class f(B): "]
)
@pytest.mark.parametrize("tail", ["", "\n", "\n    x = 1\n", "\r\n"])
def test_first_line_is_that_of_get_docstring(extract: Any, header: str, body: str, tail: str) -> None:
    if not header.endswith("\n    ") and ("\n    x" in tail or "x = 1\n" in body or "# comment\n" in body):
        return  # an indented block cannot follow statements on the header's line
    source = header + body + tail
    if "\r" in tail:
        source = source.replace("\n", "\r\n").replace("\r\r", "\r")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    node = next(node for node in ast.walk(tree) if getattr(node, "name", "") == "f")
    assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
    expected = ast.get_docstring(node)
    suffix = "A.f" if header.startswith("class A") else "f"
    assert extract(source)[suffix].get("docstring") == (None if expected is None else expected.split("\n")[0])


def test_docstring_of_a_module(extract: Any) -> None:
    assert extract('# comment\n\n"""Module."""\nimport a\n').nodes["<module>"]["docstring"] == "Module."
    assert "docstring" not in extract("import a\n'No.'\n").nodes["<module>"]
