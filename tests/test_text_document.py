from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora_hub.text_document import TextDocument

TEXTS = st.text(alphabet="ab\né\r😀", max_size=20)
PLACES = st.tuples(st.integers(0, 8), st.integers(0, 12))
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def offset(text: str, place: tuple[int, int], encoding: str) -> int:
    """The plainest reading of the specification; a place within a character is its beginning."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    if place[0] >= len(starts):
        return len(text)
    start = starts[place[0]]
    line = re.split(r"[\r\n]", text[start:])[0]
    codec, width = UNITS[encoding]
    for count in range(len(line), -1, -1):
        if len(line[:count].encode(codec)) // width <= place[1]:
            return start + count
    raise AssertionError


def change(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    places = [{"line": line, "character": character} for line, character in (start, end)]
    return {"range": {"start": places[0], "end": places[1]}, "text": text}


@given(
    text=TEXTS,
    edits=st.lists(st.tuples(PLACES, PLACES, TEXTS), max_size=4),
    encoding=st.sampled_from(list(UNITS)),
)
def test_changes_do_what_the_specification_says(text: str, edits: list[Any], encoding: str) -> None:
    document = TextDocument(text, encoding)
    for first, second, new in edits:
        start, end = sorted((first, second))
        document.apply([change(start, end, new)])
        text = text[: offset(text, start, encoding)] + new + text[offset(text, end, encoding) :]
        assert document.text == text


def test_a_change_without_a_range_is_the_whole_text() -> None:
    document = TextDocument("old", "utf-16")
    document.apply([{"text": "a\nb"}, change((1, 0), (1, 1), "c")])
    assert document.text == "a\nc"


@pytest.mark.parametrize(
    "wrong", [{}, {"text": 1}, {"text": "", "range": {}}, {"text": "", "range": {"start": 1, "end": 2}}]
)
def test_what_is_no_change_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        TextDocument("x", "utf-8").apply([wrong])
