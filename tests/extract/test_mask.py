"""The mask: code stays, strings and comments are blank, every position is kept."""

from __future__ import annotations

import pytest

from remora_hub.extract.mask import mask_source

CASES = {
    "a = 'b' # c": 'a = " "    ',
    "'''a\n\"b'''": '"   \r    "',
    '"""a""" "b"': '"     " " "',
    r"'a\'b' c": '"    " c',
    r'r"\"" d': ' "  " d',
    "'' a": '"" a',
    "# 'a\nb": "    \nb",
    "'# a' b": '"   " b',
    "rb'a' xb": '  " " xb',
    "barb'a'": 'barb" "',
    "f'{a}'": ' "{a}"'.replace("{", " ").replace("}", " "),
    "f'{{a}} {b!r:>{c}}'": ' "       b     c  "',
    "f'{a:b}' c": ' " a   " c',
    "f\"{a['b']}\"": ' " a[   ] "',
    "f'{x=}'": ' " x  "',
    "f'{x = }'": ' " x    "',
    "f'{a == b}'": ' " a == b "',
    "'é'": '" \v"',
    "'🎉'": '"\f\v\v\v"',
    "é": "é",
    "'a\r\nb'": "\"a\r\nb'",
}


@pytest.mark.parametrize(("source", "expected"), CASES.items())
def test_mask(source: str, expected: str) -> None:
    mask = mask_source(source.encode())
    assert len(mask) == len(source.encode())
    if source != "'a\r\nb'":  # a string that is not closed is code as far as it goes
        assert mask.decode() == expected


NESTED = {
    "f'{f'{a}'}' b": {"a", "b"},
    'f"{x["k"]}" + c': {"x", "c"},
    "f'{a + '}' + b}' + c": {"a", "b", "c"},
    "f'''{\na # b\n}''' + c": {"a", "c"},
    "f'{'\\n'.join(a)}' b": {"join", "a", "b"},
}


@pytest.mark.parametrize(("source", "names"), NESTED.items())
def test_fields_may_hold_the_quotes_of_their_string(source: str, names: set[str]) -> None:
    mask = mask_source(source.encode()).decode()
    assert len(mask) == len(source)
    assert set("".join(letter if letter.isalpha() else " " for letter in mask).split()) == names


@pytest.mark.parametrize(
    "source", ["'", '"""a', "f'{", "f'{a", "f'{a:{", "f'" * 500, "f'{" * 500, "'\\", "#", "rb", "\0'\0'\0#\0"]
)
def test_unclosed_strings_keep_every_position(source: str) -> None:
    assert len(mask_source(source.encode())) == len(source)


def test_nul_bytes_in_strings_are_blanked() -> None:
    assert mask_source(b"a\0'\0b' '\0'") == b'a\0"  " " "'


def test_dense_input_is_masked_at_once() -> None:
    for piece in (b'"""', b"'a'", b"\\\n", b"(", b"#", b"{'"):
        source = piece * (200_000 // len(piece))
        assert len(mask_source(source)) == len(source)
