"""Between the hub's places (lines from 1, columns in UTF-8 bytes) and the protocol's positions."""

from __future__ import annotations

from typing import Any

from remora_hub.answers import Place, Range, Span
from remora_hub.query.index import Index
from remora_hub.server.lsp.params import Position
from remora_hub.server.lsp.uris import RootUris
from remora_hub.syntax.code_text import CodeText, PositionEncoding

Json = dict[str, Any]


class Translation:
    """For one question: it reads the files whose positions it is asked for. Used where the question runs."""

    def __init__(self, index: Index, uris: RootUris, encoding: PositionEncoding) -> None:
        self._index = index
        self._uris = uris
        self._encoding = encoding
        self._wide: dict[str, CodeText | None] = {}

    def uri(self, path: str) -> str:
        """The URI of a path of the index."""
        return self._uris.uri(path)

    def place(self, path: str, position: Position) -> Place:
        """Where a position of the client's is."""
        line, column = position.line + 1, position.character
        code = self._code(path)
        if code is None:
            return Place(path, line, column)
        return Place(path, *code.line_and_column(code.position(line, column, self._encoding)))

    def position(self, path: str, line: int, column: int) -> Json:
        """The client's position of a place."""
        if column and (code := self._wide_code(path)) is not None:
            line, column = code.line_and_column(code.position(line, column), self._encoding)
        return {"line": line - 1, "character": column}

    def range(self, path: str, found: Range) -> Json:
        """The client's range of a range in the file at ``path``."""
        line, column, end_line, end_column = found
        return {
            "start": self.position(path, line, column),
            "end": self.position(path, end_line, end_column),
        }

    def span(self, span: Span) -> Json:
        """The client's range of a name."""
        return self.range(span.path, (span.line, span.column, span.end_line, span.end_column))

    def location(self, span: Span) -> Json:
        """A ``Location``."""
        return {"uri": self.uri(span.path), "range": self.span(span)}

    def _wide_code(self, path: str) -> CodeText | None:
        """The text of a file in which columns may differ between encodings."""
        if self._encoding == "utf-8":
            return None
        if path not in self._wide:
            code = self._code(path)
            # A vertical tab stands in a mask for a further byte of a character that is blanked.
            is_narrow = code is None or (code.mask.isascii() and b"\v" not in code.mask)
            self._wide[path] = None if is_narrow else code
        return self._wide[path]

    def _code(self, path: str) -> CodeText | None:
        file = self._index.file(path)
        return None if file is None else file.code
