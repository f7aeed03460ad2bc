"""``textDocument/foldingRange``: bodies, import blocks, and whatever else takes several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile
from remora_hub.server.lsp.blocks import blocks
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import DocumentParams
from remora_hub.server.lsp.translation import Translation

_IMPORT = re.compile(rb"(?:import|from)\b")
_MOST_RANGES = 5000  # what editors ask for where they say; more is of no use to anybody


async def folding_ranges(editor: Editor, params: DocumentParams) -> list[dict[str, Any]] | None:
    """Whole lines only, outer ranges before inner ones."""

    def question(index: Index, _translation: Translation, path: str) -> list[dict[str, Any]]:
        file = index.file(path)
        return [] if file is None else _ranges(file)

    return await editor.ask_about(params.text_document.uri, question)


def _ranges(file: SourceFile) -> list[dict[str, Any]]:
    line_of = file.code.line_and_column
    found: dict[int, tuple[int, str | None]] = {}
    for start, end, kind in (*_import_blocks(file), *_bodies(file), *_long_lines(file)):
        first, last = line_of(start)[0] - 1, line_of(end)[0] - 1
        if last > first and first not in found:  # an editor folds one range at a line
            found[first] = last, kind
    return [
        {"startLine": first, "endLine": last, **({"kind": kind} if kind else {})}
        for first, (last, kind) in sorted(found.items())[:_MOST_RANGES]
    ]


def _import_blocks(file: SourceFile) -> Iterator[tuple[int, int, str | None]]:
    """Import statements with nothing but blank lines and comments between them."""
    mask = file.code.mask
    starts, ends = file.lines
    first = last = -1
    for number, start in enumerate(starts):
        if _IMPORT.match(mask, start):
            first, last = (number if first < 0 else first), number
        elif first >= 0:
            yield starts[first], ends[last], "imports"
            first = -1
    if first >= 0:
        yield starts[first], ends[last], "imports"


def _bodies(file: SourceFile) -> Iterator[tuple[int, int, str | None]]:
    """Clauses with their bodies."""
    for block in blocks(file):
        yield block.start, block.end, None


def _long_lines(file: SourceFile) -> Iterator[tuple[int, int, str | None]]:
    """Statements over several lines: brackets and strings."""
    mask = file.code.mask
    for start, end in zip(*file.lines, strict=True):
        yield start, start + len(mask[start:end].rstrip()), None


REQUESTS: Requests = {"textDocument/foldingRange": (DocumentParams, folding_ranges)}
