"""Places as people read them: ``path:line:col`` that a terminal makes clickable, and the source that is there."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from remora_hub.answers import Span
from remora_hub.errors import UsageError
from remora_hub.source_text import SourceLines, read_lines

_FILES_KEPT = 8


class Places:
    """Shows places below ``root``: paths from the current directory, columns 1-based and in characters."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._directory = Path(os.path.realpath(os.curdir))
        self._lines = lru_cache(_FILES_KEPT)(self._read)

    def path(self, path: str) -> str:
        """``path`` from the current directory if that is in the project, else absolute."""
        if self._directory == self._root:
            return path
        if self._directory.is_relative_to(self._root):
            return os.path.relpath(self._root / path, self._directory)
        return str(self._root / path)

    def shown(self, path: str, line: int, column: int) -> str:
        """``path:line:col`` of a place whose column counts UTF-8 bytes."""
        before = self._line(path, line)[:column]
        characters = len(before.decode("utf-8", "replace")) if len(before) == column else column
        return f"{self.path(path)}:{line}:{characters + 1}"

    def of(self, span: Span) -> str:
        """The same of a name that stands in a file."""
        return self.shown(span.path, span.line, span.column)

    def text(self, path: str, line: int) -> str:
        """The line of source as it is on disk, without indentation; empty if it is not there."""
        return self._line(path, line).decode("utf-8", "replace").strip()

    def _line(self, path: str, line: int) -> bytes:
        lines = self._lines(path)
        try:
            return lines.line(line) if lines is not None else b""
        except IndexError:  # the file has changed since
            return b""

    def _read(self, path: str) -> SourceLines | None:
        try:
            return read_lines(self._root, path)
        except UsageError:  # it is gone since: the place is shown all the same
            return None
