"""The table of identifier places of one file: packed here, unpacked where references are looked up.

Stored are the distinct names and, compressed, for each identifier in source order which name it is and how many bytes
lie before it, the length of every line, and where characters of more than one byte stand. From these any place can be given as line
and column in UTF-8 bytes, UTF-16 code units or code points (LSP 3.17, "Text Documents").
"""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import msgspec

from remora_hub.extract.positions import Lines
from remora_hub.extract.tokens import Tokens

PositionEncoding = Literal["utf-8", "utf-16", "utf-32"]

_WIDE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]++")
_COMPRESSION_LEVEL = 3


def pack_occurrences(source: bytes, tokens: Tokens, lines: Lines) -> tuple[bytes, bytes]:
    """Return ``(names, table)`` as ``facts.PackedFile`` describes them."""
    distinct = sorted(set(tokens.names))
    index_of = dict(zip(distinct, range(len(distinct)), strict=True))
    wide = [] if source.isascii() else _wide_characters(source)
    table = (
        _pack(map(index_of.__getitem__, tokens.names)),
        _pack(map(len, tokens.gaps[:-1])),
        _pack(lines.lengths),
        _pack(position for position, _ in wide),
        bytes(width for _, width in wide),
    )
    names = b"\n" + b"\n".join(distinct) + b"\n" if distinct else b"\n"
    return names, zlib.compress(msgspec.msgpack.encode(table), _COMPRESSION_LEVEL)


def _wide_characters(source: bytes) -> list[tuple[int, int]]:
    """``(position, bytes)`` of every character outside ASCII."""
    return [
        (run.start() + at, len(char.encode()))
        for run in _WIDE.finditer(source)
        for at, char in _with_offsets(run.group().decode("utf-8", "ignore"))
    ]


def _with_offsets(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for char in text:
        yield at, char
        at += len(char.encode())


def _pack(values: Iterable[int]) -> bytes:
    """The numbers in one, two or four bytes each, whatever the largest needs; the first byte says which."""
    numbers = list(values)
    largest = max(numbers, default=0)
    if largest < 1 << 8:
        return b"B" + bytes(numbers)
    return b"H" + array("H", numbers).tobytes() if largest < 1 << 16 else b"I" + array("I", numbers).tobytes()


def _unpack(packed: bytes) -> array[int]:
    numbers = array(chr(packed[0]))
    numbers.frombytes(packed[1:])
    return numbers


@dataclass(frozen=True, slots=True)
class OccurrenceTable:
    """One file's table, unpacked. ``starts`` are byte positions in the UTF-8 source, ``name_ids`` index ``names``."""

    names: list[bytes]
    name_ids: array[int]
    starts: list[int]
    line_starts: list[int]
    wide_starts: array[int]
    wide_widths: bytes

    @classmethod
    def unpack(cls, names: bytes, packed: bytes) -> OccurrenceTable:
        """Unpack what ``pack_occurrences`` returned."""
        ids, gaps, lengths, wide_starts, wide_widths = (
            part for part in msgspec.msgpack.decode(zlib.decompress(packed), type=tuple[bytes, ...])
        )
        distinct = names[1:-1].split(b"\n") if len(names) > 1 else []
        name_ids = _unpack(ids)
        widths = [len(name) for name in distinct]
        ends = accumulate(gap + widths[name] for gap, name in zip(_unpack(gaps), name_ids, strict=True))
        starts = [end - widths[name] for end, name in zip(ends, name_ids, strict=True)]
        line_starts = [0, *accumulate(_unpack(lengths))][:-1]
        return cls(distinct, name_ids, starts, line_starts, _unpack(wide_starts), wide_widths)

    def places(self, name: bytes) -> list[int]:
        """Byte positions of every occurrence of ``name``, in order."""
        try:
            wanted = self.names.index(name)
        except ValueError:
            return []
        return [start for start, found in zip(self.starts, self.name_ids, strict=True) if found == wanted]

    def line_and_column(self, position: int, encoding: PositionEncoding = "utf-8") -> tuple[int, int]:
        """1-based line and 0-based column of a byte position, the column in units of ``encoding``."""
        line = bisect_right(self.line_starts, position)
        start = self.line_starts[line - 1]
        column = position - start
        if encoding == "utf-8" or not self.wide_starts:
            return line, column
        first = bisect_right(self.wide_starts, start - 1)
        last = bisect_right(self.wide_starts, position - 1)
        for width in self.wide_widths[first:last]:
            column -= width - (2 if encoding == "utf-16" and width == 4 else 1)
        return line, column
