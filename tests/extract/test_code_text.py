# ruff: noqa: E501 - a case reads best on one line
"""Occurrences and positions, read off the kept code in all three encodings of the LSP."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from remora_hub.syntax.code_text import CodeText

SOURCES = [
    "x = 'é🎉' + name\n",
    "# 🎉\nname = 1\n\tname\n",
    "é = '''🎉\n🎉 ''' + name; name\n",
    "a\r\n'é'\r\nname\r\n",
    "\fname\n\x0c  name\n",
    "f'é{name}🎉{name!r}'\n",
    "größe🎉 = name\n",
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_count_units_of_the_encoding(
    extract: Any, source: str, encoding: Literal["utf-8", "utf-16", "utf-32"]
) -> None:
    unit = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    expected = [
        (number, len(line[:column].encode(unit[0])) // unit[1])
        for number, line in enumerate(source.replace("\r\n", "\n").split("\n"), 1)
        for column in range(len(line))
        if line.startswith("name", column)
    ]
    code = CodeText(extract(source).code)
    assert [code.line_and_column(place, encoding) for place in code.occurrences("name")] == expected


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_line_and_column_lead_back_to_their_position(
    extract: Any, source: str, encoding: Literal["utf-8", "utf-16", "utf-32"]
) -> None:
    code = CodeText(extract(source).code)
    for place in code.occurrences("name"):
        assert code.position(*code.line_and_column(place, encoding), encoding) == place


def test_places_beyond_the_text_are_held_within_it(extract: Any) -> None:
    code = CodeText(extract("ab\nc\n").code)
    assert [code.position(*place) for place in ((1, 9), (2, 9), (9, 0), (0, 1))] == [2, 4, 5, 1]


def test_lone_carriage_returns_end_lines(extract: Any) -> None:
    code = CodeText(extract(b"a\rname\r'\r'\r").code)
    assert [code.line_and_column(place) for place in code.occurrences("name")] == [(2, 0)]


def test_occurrences_are_whole_names_in_code(extract: Any) -> None:
    source = "name = names + _name + name1 + x.name + éname\n'name'  # name\nf'{name} name'\n"
    assert [CodeText(extract(source).code).line_and_column(p) for p in CodeText(extract(source).code).occurrences("name")] == [
        (1, 0), (1, 33), (3, 3),
    ]  # fmt: skip


def test_names_are_each_identifier_once_without_keywords_and_numbers(extract: Any) -> None:
    found = extract("def f(a):\n    return a.b + 1e5 + 0x1F + 10j if é else f'{c}'  # d\n")
    assert found.names == ["f", "a", "b", "é", "c"]
