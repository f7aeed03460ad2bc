# ruff: noqa: E501 - a case reads best on one line
"""Encodings, marks, cookies, line ends, NULs: what is read, and what is named as a problem."""

from __future__ import annotations

import codecs
from typing import Any

import pytest

TEXT = "x = 'é'\ndef größe(): ...\n"

ENCODED = {
    "utf-8": (TEXT.encode(), "utf-8"),
    "utf-8 with mark": (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
    "utf-16 little endian": (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16"),
    "utf-16 big endian": (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
    "utf-32": (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32"),
}


@pytest.mark.parametrize(("data", "encoding"), ENCODED.values(), ids=ENCODED)
def test_marks_tell_the_encoding(extract: Any, data: bytes, encoding: str) -> None:
    found = extract(data)
    assert found.file.get("encoding", "utf-8") == encoding
    assert found["größe"]["range"] == [2, 0, 2, 18]
    assert "problems" not in found.file


COOKIES = {
    "# -*- coding: latin-1 -*-\n": "iso8859-1",
    "#!/usr/bin/python\n# vim: set fileencoding=iso-8859-15 :\n": "iso8859-15",
    "\n\f # coding:cp1252\n": "cp1252",
    "x = 1\n# coding: latin-1\n": "utf-8",
    "\n\n# coding: latin-1\n": "utf-8",
    "# encoding = latin-1\n": "utf-8",
}


@pytest.mark.parametrize(("head", "encoding"), COOKIES.items())
def test_cookie_on_the_first_two_lines(extract: Any, head: str, encoding: str) -> None:
    found = extract((head + "def é(): ...\n").encode(encoding))
    assert found.file.get("encoding", "utf-8") == encoding
    assert found["é"]["kind"] == "function"


def problems(found: Any) -> list[tuple[str, int]]:
    return [(problem["kind"], problem["line"]) for problem in found.file.get("problems", [])]


def test_bytes_that_do_not_decode_are_a_problem_and_the_rest_is_read(extract: Any) -> None:
    found = extract(b"def f(): ...\nx = '\xe9'\ndef g(): ...\n")
    assert list(found.kinds()) == ["f", "x", "g"]
    assert ("encoding", 2) in problems(found)


@pytest.mark.parametrize("cookie", [b"nonsense", b"rot13", b"hex"])
def test_unknown_cookie_is_a_problem(extract: Any, cookie: bytes) -> None:
    found = extract(b"# coding: " + cookie + b"\ndef f(): ...\n")
    assert problems(found) == [("encoding", 1)]
    assert "f" in found.nodes


@pytest.mark.parametrize(
    "name",
    [
        "idna",
        "punycode",
        "utf-7",
        "utf-16",
        "utf-32-be",
        "undefined",
        "unicode_escape",
        "cp037",
        "hz",
        "rot13",
        "zlib",
    ],
)
@pytest.mark.parametrize(
    "text", [b"x = 'a'\n", b"x = '\xe9\xff+AGE- \\x4 ~{'\n", b"x = '" + b"a" * 100 + b"..'\n"]
)
def test_no_encoding_that_a_file_can_name_raises(extract: Any, name: str, text: bytes) -> None:
    found = extract(b"# coding: " + name.encode() + b"\ndef f(): pass\n" + text)
    assert name == "cp037" or "f" in found.nodes


def test_nul_is_a_problem_with_its_place(extract: Any) -> None:
    found = extract(b"def f(): ...\nx = '\0'\ndef g(): ...\n")
    assert ("nul", 2) in problems(found)
    assert {"f", "g"} <= set(found.nodes)


NEWLINES = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


@pytest.mark.parametrize(("style", "newline"), NEWLINES.items())
def test_line_ends_change_nothing_but_their_name(extract: Any, style: str, newline: str) -> None:
    source = '@a(\n  1)\ndef f(\n    x,\n):\n    """Doc.\n\n    More."""\n    return x\n\nclass A:\n    y = (\n        1)\n'
    expected, found = extract(source), extract(source.replace("\n", newline))
    assert found.file.get("newline", "lf") == style
    assert found.file["line_count"] == 13
    for suffix, node in expected.nodes.items():
        assert {**found[suffix], "digest": ""} == {**node, "digest": ""}


def test_mixed_and_missing_line_ends(extract: Any) -> None:
    assert extract("a\nb\r\nc\r").file["newline"] == "mixed"
    assert extract("a").file["newline"] == "none"
    assert extract("").file["line_count"] == 0
    assert extract("a\nb").file["line_count"] == 2
    assert extract("a\n").file["line_count"] == 1


def test_form_feeds_and_tabs_indent_as_python_counts_them(extract: Any) -> None:
    found = extract("class A:\n\tdef f(self): ...\n\x0c\tdef g(self): ...\n        def h(self): ...\n")
    assert list(found.kinds()) == ["A", "A.f", "A.g", "A.h"]
