"""``textDocument/selectionRange``: from the name under the cursor out to the whole file."""

from __future__ import annotations

from typing import Any

import msgspec

from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile
from remora_hub.server.lsp.blocks import blocks, statements
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import Position, TextDocumentIdentifier
from remora_hub.server.lsp.translation import Translation

Span = tuple[int, int]


class _SelectionParams(msgspec.Struct, rename="camel"):
    text_document: TextDocumentIdentifier
    positions: list[Position]


async def selection_ranges(editor: Editor, params: _SelectionParams) -> list[dict[str, Any]] | None:
    """One chain of ranges for each position, the innermost first."""

    def question(index: Index, translation: Translation, path: str) -> list[dict[str, Any]] | None:
        file = index.file(path)
        if file is None:
            return None
        around = [(block.start, block.end) for block in blocks(file)]
        around += [(block.body_start, block.end) for block in blocks(file)]
        around += statements(file)
        chains = []
        for position in params.positions:
            offset = file.code.offset(*_line_and_column(translation, path, position))
            chains.append(_chain(file, translation, _spans(file, offset, around)))
        return chains

    return await editor.ask_about(params.text_document.uri, question)


def _line_and_column(translation: Translation, path: str, position: Position) -> tuple[int, int]:
    place = translation.place(path, position)
    return place.line, place.column


def _spans(file: SourceFile, offset: int, around: list[Span]) -> list[Span]:
    """Spans around a position, each within the next one."""
    mask = file.code.mask
    found = {file.code.word_at(offset), (0, len(mask)), *around}
    number = file.line_number(offset)
    if number >= 0:
        start, end = file.lines[0][number], file.lines[1][number]
        found.add((start, start + len(mask[start:end].rstrip())))
        line = file.roles_at(offset).line
        for opening, closing in enumerate(line.partner):
            if closing > opening:
                inner = line.starts[opening] + 1, line.starts[closing]
                found |= {inner, (inner[0] - 1, inner[1] + 1)}
    chain: list[Span] = []
    for start, end in sorted(found, key=lambda span: (span[1] - span[0], span)):
        is_around = start <= offset <= end and start < end
        if is_around and (not chain or (start <= chain[-1][0] and chain[-1][1] <= end)):
            chain.append((start, end))
    return chain or [(offset, offset)]


def _chain(file: SourceFile, translation: Translation, spans: list[Span]) -> dict[str, Any]:
    selection: dict[str, Any] = {}
    for start, end in reversed(spans):
        place = (*file.code.line_and_column(start), *file.code.line_and_column(end))
        found = {"range": translation.range(file.path, place)}
        selection = {**found, "parent": selection} if selection else found
    return selection


REQUESTS: Requests = {"textDocument/selectionRange": (_SelectionParams, selection_ranges)}
