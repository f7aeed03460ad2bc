"""From byte positions to lines and columns. Lines are 1-based; columns are 0-based and count UTF-8 bytes."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

_BEYOND = 1 << 62


class Lines:
    """Where each line of a source begins. Only LF ends a line here: decoding has made a lone CR one."""

    __slots__ = ("_count", "starts")

    def __init__(self, source: bytes) -> None:
        self.starts = [0, *accumulate(map(len, source.splitlines(keepends=True)))]
        self._count = len(self.starts) - 1
        if not source or source.endswith(b"\n"):
            self.starts.append(_BEYOND)  # so that every position lies before the line behind the last
        else:
            self.starts[-1] = _BEYOND

    def __len__(self) -> int:
        """Count lines as an editor's last line number does, without an empty one behind the last line end."""
        return self._count

    def line_of(self, position: int) -> int:
        """The line that byte ``position`` is on."""
        return bisect_right(self.starts, position)

    def line_and_column(self, position: int) -> tuple[int, int]:
        """The line that byte ``position`` is on and its column there."""
        line = bisect_right(self.starts, position)
        return line, position - self.starts[line - 1]

    def range(self, start: int, end: int) -> tuple[int, int, int, int]:
        """``(line, column, end line, end column)`` of the bytes between two positions."""
        starts = self.starts
        line = last = bisect_right(starts, start)
        if end >= starts[line]:
            last = bisect_right(starts, end, line)
        return line, start - starts[line - 1], last, end - starts[last - 1]
