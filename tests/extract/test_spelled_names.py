"""Names by their spelling are those of the index, as far as spelling tells."""

from __future__ import annotations

import codecs

import pytest

from remora_hub.extract.extract import Extractor
from remora_hub.extract.spelled_names import definitions_of, spelled_names

SOURCE = '''\
"""A module."""
import os
LIMIT = 10
_private: int = 3
a = b = 1
a = 2
if a == 1:
    pass

class Base(object):
    kind = "x"

    def method(self):
        def inner(): ...
        return inner

    async def other(self): ...

    class Nested:
        def deep(self): ...

def  function(
    x=1,
): ...
def function(): ...
class _Hidden:
    def f(self): ...
def größe(): ...
später = "é"
class Größe:
    def später(self): ...
"é"; behind = 1
'''


@pytest.mark.parametrize("path", ["pkg/m.py", "tests/test_m.py"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_definitions_are_those_of_the_index_in_the_same_places(path: str, newline: str, mark: bytes) -> None:
    data = mark + SOURCE.replace("\n", newline).encode()
    spelled, packed = spelled_names(path, data), Extractor().extract(path, data)
    marks, *places = packed.places.split(" ")
    exact = {
        suffix: (mark, place)
        for suffix, mark, place in zip(packed.suffixes, marks, places, strict=True)
        if suffix not in ("b", "Base.kind", "behind")
    }
    marks, *places = spelled.places.split(" ")
    assert dict(zip(spelled.suffixes, zip(marks, places, strict=True), strict=True)) == exact


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    names = spelled_names("m.py", codecs.BOM_UTF8 + b"limit = 1\n")
    assert (names.suffixes, names.places.split(" ")[1:]) == (["<module>", "limit"], ["1:0", "1:0"])


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"def", b"class ", b"\xff\xfe\x00d", b"x" * 10_000 + b"=", b"\0" * 100]
)
def test_any_bytes_have_names(data: bytes) -> None:
    names = spelled_names("m.py", data)
    assert names.suffixes[0] == "<module>"
    assert len(names.places.split(" ")[0]) == len(names.suffixes)


@pytest.mark.parametrize(
    "wanted",
    [
        "LIMIT",
        "limit",
        "_private",
        "b",
        "Base",
        "ASE",
        "kind",
        "method",
        "other",
        "Nested",
        "function",
        "_Hid",
        "gr",
    ],
)
def test_what_seems_to_define_a_name_is_told_by_a_part_of_it_in_either_case(wanted: str) -> None:
    may_define = definitions_of(wanted)
    assert may_define is not None
    assert may_define(SOURCE.encode())


@pytest.mark.parametrize("wanted", ["os", "pass", "object", "return", "module", "x1", "lim1t"])
def test_what_is_only_used_or_written_is_not_defined(wanted: str) -> None:
    may_define = definitions_of(wanted)
    assert may_define is not None
    assert not may_define(SOURCE.encode())


@pytest.mark.parametrize("wanted", ["", "größe", "a b", "x(", "a-b"])
def test_what_is_no_part_of_a_plain_name_is_not_looked_for(wanted: str) -> None:
    assert definitions_of(wanted) is None
