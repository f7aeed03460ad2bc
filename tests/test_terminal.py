from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora_hub.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 中", "plain é 中"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2028b", r"a\u2028b"),
        ("a\udcff", r"a\xff"),
        ("a\ud800", r"a\ud800"),
    ],
)
def test_control_characters_show_as_their_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_any_text_becomes_one_line_that_utf8_can_encode(text: str) -> None:
    shown = printable(text)
    assert len(shown.encode("utf-8").splitlines()) <= 1
    assert printable(shown) == shown
