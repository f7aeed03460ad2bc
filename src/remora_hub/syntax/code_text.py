"""The code of one file as it is kept for later questions: its mask, compressed, and its distinct identifiers.

From the mask any name's occurrences can be found (no string or comment misleads), and any place given as line
and column in UTF-8 bytes, UTF-16 code units or code points (LSP 3.17, "Text Documents"): blanked characters
keep their widths.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Literal

from remora_hub.compression import CODE, NAMES
from remora_hub.syntax.line import NAME_BYTES
from remora_hub.syntax.usage import distinct_identifiers

PositionEncoding = Literal["utf-8", "utf-16", "utf-32"]

_FURTHER_BYTE = re.compile(rb"[\x80-\xbf\v]")
# A form feed of the source itself has no further byte behind it.
_FOUR_BYTE_START = re.compile(rb"[\xf0-\xf7]|\f(?=\v)")
_CHARACTER = re.compile(rb"[^\x80-\xbf\v][\x80-\xbf\v]*+", re.DOTALL)


def pack_code(mask: bytes, words: bytes) -> tuple[bytes, bytes]:
    """Return ``(names, code)`` as ``facts.PackedFile`` describes them."""
    return NAMES.compress(b"\n".join(distinct_identifiers(words))), CODE.compress(mask)


def wide_columns(before: bytes) -> tuple[int, int]:
    """The column behind ``before``, a line's mask up to there, in UTF-16 code units and in code points."""
    code_points = len(before) - len(_FURTHER_BYTE.findall(before))
    return code_points + len(_FOUR_BYTE_START.findall(before)), code_points


class CodeText:
    """The mask of one file, unpacked. Positions are bytes of the file's UTF-8 form; lines are 1-based."""

    def __init__(self, code: bytes) -> None:
        self.mask = CODE.decompress(code)
        lines = self.mask.splitlines(keepends=True)
        if lines and lines[-1][-1:] not in (b"\n", b"\r"):
            lines.pop()  # no line begins behind it
        self._line_starts = [0, *accumulate(map(len, lines))]

    def occurrences(self, name: str) -> list[int]:
        """Where the identifier ``name`` stands in code, in order."""
        return self.occurrences_within(name.encode(), 0, len(self.mask))

    def occurrences_within(self, name: bytes, start: int, end: int) -> list[int]:
        """The same between two positions."""
        found = []
        mask, length = self.mask, len(name)
        position = mask.find(name, start, end)
        while position >= 0:
            behind = position + length
            if not (
                (position and mask[position - 1] in NAME_BYTES)
                or (behind < len(mask) and mask[behind] in NAME_BYTES)
            ):
                found.append(position)
            position = mask.find(name, behind, end)
        return found

    def word_at(self, position: int) -> tuple[int, int]:
        """The identifier that touches a position, as the positions of its first byte and behind its last.

        Both are ``position`` where none does. What begins there comes before what ends there.
        """
        mask = self.mask
        start = end = position
        while start and mask[start - 1] in NAME_BYTES:
            start -= 1
        while end < len(mask) and mask[end] in NAME_BYTES:
            end += 1
        return start, end

    def line_and_column(self, position: int, encoding: PositionEncoding = "utf-8") -> tuple[int, int]:
        """Line and 0-based column of a position, the column in units of ``encoding``."""
        line = bisect_right(self._line_starts, position)
        start = self._line_starts[line - 1]
        column = position - start
        if encoding != "utf-8":
            utf_16, code_points = wide_columns(self.mask[start:position])
            column = utf_16 if encoding == "utf-16" else code_points
        return line, column

    def offset(self, line: int, column: int) -> int:
        """The byte position of a line and column in UTF-8 bytes that are known to be in the text."""
        return self._line_starts[line - 1] + column

    def position(self, line: int, column: int, encoding: PositionEncoding = "utf-8") -> int:
        """The byte position of a line and column, both held within the text as LSP 3.17 ("Position") has it."""
        line = min(max(line, 1), len(self._line_starts))
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.mask)
        text = self.mask[start:end].rstrip(b"\r\n") if line < len(self._line_starts) else self.mask[start:end]
        if encoding == "utf-8" or (text.isascii() and b"\v" not in text):
            return start + min(max(column, 0), len(text))
        units = 0
        for match in _CHARACTER.finditer(text):
            if units >= column:
                return start + match.start()
            units += 2 if encoding == "utf-16" and _FOUR_BYTE_START.match(text, match.start()) else 1
        return start + len(text)
