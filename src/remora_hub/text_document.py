"""The text of a document as an editor has it, kept by the changes it sends (LSP 3.17, "Text Document Synchronization").

Shared by the language server and the editor's proxy, so it imports only the standard library.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # the proxy has no time for typing: ``lsp_proxy.hub_link``
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class TextDocument:
    """``encoding`` is what positions count: ``utf-8`` bytes, ``utf-16`` code units or ``utf-32`` code points."""

    def __init__(self, text: str, encoding: str) -> None:
        self._lines = _LINE.findall(text)  # each with its end
        self._encoding = encoding

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self._lines)

    @property
    def size(self) -> int:
        """Its length in characters."""
        return sum(map(len, self._lines))

    def apply(self, changes: Iterable[Mapping[str, Any]]) -> None:
        """Apply ``contentChanges``, each to the text as the one before left it: one without a range is all the text.

        A position behind the end of its line means that end, one behind the last line the end of the text. Raises
        KeyError, TypeError or ValueError if a change is none.
        """
        for change in changes:
            text = change["text"]
            found = change.get("range")
            if found is None:
                self._lines = _LINE.findall(text)
            else:
                self._replace(_numbers(found["start"]), _numbers(found["end"]), text)

    def _replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        lines = self._lines
        (first, before), (last, behind) = self._at(*start), self._at(*max(start, end))
        kept_before = lines[first][:before] if first < len(lines) else ""
        kept_behind = lines[last][behind:] if last < len(lines) else ""
        # A line feed behind a carriage return is one line end with it, also where the two have only now met.
        if first and lines[first - 1].endswith("\r"):
            first -= 1
            kept_before = lines[first] + kept_before
        if last + 1 < len(lines):
            last += 1
            kept_behind += lines[last]
        lines[first : last + 1] = _LINE.findall(kept_before + text + kept_behind)

    def _at(self, line: int, character: int) -> tuple[int, int]:
        """The line, and the index of the character on it."""
        if line >= len(self._lines):
            is_open = bool(self._lines) and not self._lines[-1].endswith(("\n", "\r"))
            return (len(self._lines) - 1, len(self._lines[-1])) if is_open else (len(self._lines), 0)
        text = self._lines[line].rstrip("\r\n")
        if self._encoding == "utf-32" or text.isascii():
            return line, min(character, len(text))
        if self._encoding == "utf-8":
            head = text.encode("utf-8", "surrogatepass")[:character]
            return line, len(head.decode("utf-8", "ignore"))
        head = text.encode("utf-16-le", "surrogatepass")[: 2 * character]
        return line, len(head.decode("utf-16-le", "ignore"))


def _numbers(position: Mapping[str, Any]) -> tuple[int, int]:
    line, character = int(position["line"]), int(position["character"])
    if line < 0 or character < 0:
        raise ValueError("a position counts from 0")
    return line, character
