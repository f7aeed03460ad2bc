"""The source of a node, read from disk and held against the digest the index has of it."""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Protocol

from xxhash import xxh3_64_hexdigest

from remora_hub.answers import Range
from remora_hub.errors import UsageError
from remora_hub.extract.decode import decode_source

_OPEN_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_MOST_BYTES = 64 << 20  # far above any ``max_file_bytes``: a sparse file must not fill the memory
_MOST_DECORATOR_LINES = 500
_STRAY_MARKS = 20
_LINE_ENDS = (b"\n", b"\r")


class Located(Protocol):
    """What is needed of a node to find its source: whichever record of it has that."""

    @property
    def range(self) -> Range:
        """Where it stands, as in ``model.NodeState``."""

    @property
    def decorators(self) -> tuple[str, ...]:
        """Their source, in order."""

    @property
    def digest(self) -> str:
        """That of its source, decorators included."""


class SourceText(NamedTuple):
    """``text`` begins on ``line`` with the first decorator. ``is_stale``: the disk has something else there by now."""

    text: str
    line: int
    is_stale: bool


class SourceLines:
    """The lines of one file as the index counts them, in UTF-8."""

    def __init__(self, data: bytes) -> None:
        self.source = decode_source(data).source
        self._starts = [0, *accumulate(map(len, self.source.splitlines(keepends=True)))]
        if self.source and not self.source.endswith(_LINE_ENDS):
            self._starts.pop()  # no line begins behind one that does not end

    @property
    def count(self) -> int:
        """How many there are, one more behind a last line end."""
        return len(self._starts)

    def line(self, number: int) -> bytes:
        """The line of a 1-based number, without its end. Raises IndexError if there is none."""
        if not 1 <= number <= self.count:
            raise IndexError(number)
        start = self._starts[number - 1]
        end = self._starts[number] if number < self.count else len(self.source)
        return self.source[start:end].rstrip(b"\r\n")

    def position(self, line: int, column: int) -> int:
        """The byte position of a place; held within the text, as a stale place need not be in it."""
        start = self._starts[min(line, len(self._starts)) - 1]
        return min(start + column, len(self.source))

    def line_of(self, position: int) -> int:
        """The line that a byte position is on."""
        return bisect_right(self._starts, position)


def read_lines(root: Path, path: str) -> SourceLines:
    """The lines of the file at ``path`` below ``root``. Raises UsageError where no regular file can be read.

    As the hub, it follows no link in the place of the file.
    """
    try:
        descriptor = os.open(root / path, _OPEN_FILE)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError("read", path, "it is no regular file")
            if status.st_size > _MOST_BYTES:
                raise UsageError("read", path, f"it has {status.st_size} bytes")
            with open(descriptor, "rb", closefd=False) as file:
                return SourceLines(file.read(_MOST_BYTES))
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise UsageError("read", path, str(getattr(error, "strerror", None) or error)) from error


def source_of(node: Located, lines: SourceLines) -> SourceText:
    """The source of ``node``, decorators included."""
    line, column, end_line, end_column = node.range
    start = lines.position(line, column)
    end = max(start, lines.position(end_line, end_column))
    for begin in _decorator_starts(lines, node) if node.decorators else [start]:
        if xxh3_64_hexdigest(lines.source[begin:end]) == node.digest:
            return SourceText(_text(lines, begin, end), lines.line_of(begin), is_stale=False)
    return SourceText(_text(lines, start, end), lines.line_of(start), is_stale=True)


def _decorator_starts(lines: SourceLines, node: Located) -> list[int]:
    """Where an ``@`` begins a line as deep as the definition, upward from it: one of them is its first decorator's.

    Their number alone does not tell which: such lines may also stand in a string among their arguments.
    """
    column = node.range[1]
    line = min(node.range[0], lines.count)
    starts: list[int] = []
    for number in range(line - 1, max(0, line - _MOST_DECORATOR_LINES), -1):
        position = lines.position(number, column)
        if lines.source[position : position + 1] == b"@" and not lines.line(number)[:column].strip():
            starts.append(position)
    return starts[: len(node.decorators) + _STRAY_MARKS]


def _text(lines: SourceLines, begin: int, end: int) -> str:
    return lines.source[begin:end].decode("utf-8", "replace").replace("\r\n", "\n")
