"""Where names stand on their lines, in every encoding of the LSP."""

from __future__ import annotations

import codecs

import pytest

from remora_hub.extract.extract import Extractor


def places(data: bytes) -> dict[str, str]:
    packed = Extractor().extract("m.py", data)
    return dict(zip(packed.suffixes, packed.places.split(" ")[1:], strict=True))


def place_in(source: str, name: str) -> str:
    """The place of what the text mentions once, counted on the text itself."""
    before, _, _ = source.partition(name)
    line = before.rpartition("\n")[2]
    columns = [len(line.encode()), len(line.encode("utf-16-le")) // 2, len(line.encode("utf-32-le")) // 4]
    return ":".join(map(str, [before.count("\n") + 1, *(columns[:1] if line.isascii() else columns)]))


SOURCES = {
    '"é"; tail = 1\n': ["tail"],
    "ñ = 2; später = 3; tail = 4\n": ["ñ", "später", "tail"],
    "'😀'; tail = 1  # 😀\nbelow = 2  # é\n": ["tail", "below"],
    "'é😀漢'; 𠮷, tail = 1, 2\n": ["𠮷", "tail"],
    "f'é{x}😀'; other: int = 1\n": ["other"],
    "'é'; previous = tail = 1\n": ["previous", "tail"],
    "'''é\n😀'''; tail = 1\n": ["tail"],
    "'''😀\n'''; tail = 1\n": ["tail"],
    "class Größe:\n    é: int; tail: str = 'ü'\n    def später(self): ...\n": [
        "Größe",
        "é",
        "tail",
        "später",
    ],
    "class A:\n    def __init__(self):\n        'é'; self.tail = 1\n": ["tail"],
    "def first(ü='é'): ...\ndef \\\n  später(): ...\n": ["first", "später"],
    "x = 'é' 'é\n'é'; tail = 1\n": ["tail"],
    "x = '\\xe9'; tail = 1\n": ["tail"],
}


@pytest.mark.parametrize(("source", "names"), SOURCES.items())
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_columns_are_told_in_every_encoding_where_they_differ(
    source: str, names: list[str], newline: str, mark: bytes
) -> None:
    found = places(mark + source.replace("\n", newline).encode())
    by_name = {suffix.rpartition(".")[2]: place for suffix, place in found.items()}
    assert [by_name[name] for name in names] == [place_in(source, name) for name in names]
    assert found["<module>"] == "1:0"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16", "utf-32"])
def test_columns_count_the_text_whatever_encodes_it_on_disk(encoding: str) -> None:
    source = f"# coding: {encoding}\n'é'; tail = 1\n"
    assert places(source.encode(encoding))["tail"] == "2:6:5:5"


def test_a_byte_that_is_no_text_counts_as_one_character() -> None:
    assert places(b"'\xe9'; tail = 1\n")["tail"] == "1:5"
