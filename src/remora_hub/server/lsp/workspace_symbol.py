"""``workspace/symbol``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import msgspec

from remora_hub.answers import Symbol
from remora_hub.facts import PackedFile
from remora_hub.query.name_match import fold
from remora_hub.query.symbol_rows import symbols_of
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import Position, Range
from remora_hub.server.lsp.symbol_kinds import symbol_kind
from remora_hub.syntax.code_text import PositionEncoding

_MOST_SYMBOLS = 128
_CODECS: dict[PositionEncoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}


class _QueryParams(msgspec.Struct):
    query: Annotated[str, msgspec.Meta(max_length=1000)]  # as that of hub/symbols


class _Location(msgspec.Struct, gc=False):
    uri: str
    range: Range


class _WorkspaceSymbol(msgspec.Struct, rename="camel", gc=False):
    name: str
    kind: int
    location: _Location
    container_name: str


async def workspace_symbols(editor: Editor, params: _QueryParams) -> list[_WorkspaceSymbol]:
    """The best matches for a query, at most 128. An empty query is answered, too.

    No file is looked into: where names stand is kept with them, in every encoding.
    """
    backend, encoding = editor.backend, editor.encoding
    await backend.opened()
    found = await backend.search_symbols(params.query, None, _MOST_SYMBOLS, encoding=encoding)
    # Beside the first index, of which each answer is provisional, nobody waits for the start of a parse lane.
    if unsaved := await editor.documents.overlays(at_once=backend.is_first_index):
        found = await asyncio.to_thread(_with_unsaved, unsaved, params.query, found, encoding)
    uris = {path: editor.uris.uri(path) for path in {symbol.path for symbol in found}}
    return [_shown(symbol, uris[symbol.path], encoding) for symbol in found]


def _with_unsaved(
    unsaved: Mapping[str, PackedFile], query: str, found: list[Symbol], encoding: PositionEncoding
) -> list[Symbol]:
    """What was found, with the symbols of unsaved files where they are now: some have moved, gone, or are new."""
    wanted = fold(query.rpartition(".")[2])
    now = {
        symbol.key: symbol
        for path, facts in unsaved.items()
        for symbol in symbols_of(path, facts, encoding)
        if symbol.kind != "module"
    }
    stays = [now.pop(one.key, None) if one.path in unsaved and one.kind != "module" else one for one in found]
    new = [one for one in now.values() if wanted and wanted in fold(one.name)]
    # Which of them the search would have preferred is not known: those that begin as asked come first.
    first = [one for one in new if fold(one.name).startswith(wanted)]
    last = [one for one in new if not fold(one.name).startswith(wanted)]
    return [*first, *(one for one in stays if one is not None), *last][:_MOST_SYMBOLS]


def _shown(symbol: Symbol, uri: str, encoding: PositionEncoding) -> _WorkspaceSymbol:
    name, line, start = symbol.name, symbol.line - 1, symbol.column
    length = 0 if symbol.kind == "module" else len(name)
    if length and not name.isascii():
        codec, width = _CODECS[encoding]
        length = len(name.encode(codec)) // width
    return _WorkspaceSymbol(
        name,
        symbol_kind(symbol.kind, name),
        _Location(uri, Range(Position(line, start), Position(line, start + length))),
        symbol.qualname.rpartition(".")[0] or symbol.path,
    )


REQUESTS: Requests = {"workspace/symbol": (_QueryParams, workspace_symbols)}
