"""``workspace/symbol`` and ``workspaceSymbol/resolve``."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from remora_hub.answers import Range, Symbol
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.name_match import fold
from remora_hub.query.source_file import SourceFile
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.symbol_kinds import symbol_kind
from remora_hub.server.lsp.translation import Translation
from remora_hub.syntax.code_text import PositionEncoding

_MOST_SYMBOLS = 128
# Before the name of one of these stand only blanks and keywords: its column is the same in every encoding.
_BEHIND_ASCII = frozenset(("module", "class", "function", "method", "property"))
_CODECS: dict[PositionEncoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}

Json = dict[str, Any]


class _QueryParams(msgspec.Struct):
    query: Annotated[str, msgspec.Meta(max_length=1000)]  # as that of hub/symbols


class _Data(msgspec.Struct):
    path: str
    range: Range


class _WorkspaceSymbol(msgspec.Struct, rename="camel", omit_defaults=True):
    name: str
    kind: int
    location: Json
    container_name: str = ""
    data: _Data | None = None


async def workspace_symbols(editor: Editor, params: _QueryParams) -> list[_WorkspaceSymbol]:
    """The best matches for a query, at most 128. An empty query is answered, too.

    Most ranges are known without a look at the file. The others are left for ``resolve`` where the client can ask it.
    """
    backend = editor.backend
    await backend.opened()
    found = await backend.search_symbols(params.query, None, _MOST_SYMBOLS)
    unsaved = list(await editor.documents.overlays())
    if unsaved:
        found = await editor.ask(lambda index, _: _with_unsaved(index, unsaved, params.query, found))
    if all(_is_plain(symbol, editor.encoding) for symbol in found):
        return [_known(editor, symbol) for symbol in found]
    can_resolve = "location.range" in editor.announced.strings("workspace.symbol.resolveSupport.properties")

    def question(_index: Index, translation: Translation) -> list[_WorkspaceSymbol]:
        return [
            _known(editor, symbol)
            if _is_plain(symbol, editor.encoding)
            else _symbol(editor, symbol, {"range": translation.range(symbol.path, _range(symbol))})
            for symbol in found
        ]

    if not can_resolve:
        return await editor.ask(question)
    return [
        _known(editor, symbol) if _is_plain(symbol, editor.encoding) else _unresolved(editor, symbol)
        for symbol in found
    ]


async def resolve(editor: Editor, symbol: _WorkspaceSymbol) -> _WorkspaceSymbol:
    """The same symbol with its range."""
    data = symbol.data
    if data is None:
        return symbol

    def question(_index: Index, translation: Translation) -> Json:
        return {"uri": translation.uri(data.path), "range": translation.range(data.path, data.range)}

    symbol.location, symbol.data = await editor.ask(question), None
    return symbol


def _with_unsaved(index: Index, unsaved: list[str], query: str, found: list[Symbol]) -> list[Symbol]:
    """What was found, with the symbols of unsaved files where they are now: some have moved, gone, or are new."""
    wanted = fold(query.rpartition(".")[2])
    files = [file for path in unsaved if (file := index.file(path)) is not None]
    now = {
        file.key(node): _symbol_now(file, node)
        for file in files
        for node in file.nodes
        if node.kind != "module"
    }
    stays = [now.pop(one.key, None) if one.path in unsaved and one.kind != "module" else one for one in found]
    new = [one for one in now.values() if wanted and wanted in fold(one.name)]
    # Which of them the search would have preferred is not known: those that begin as asked come first.
    first = [one for one in new if fold(one.name).startswith(wanted)]
    last = [one for one in new if one not in first]
    return [*first, *(one for one in stays if one is not None), *last][:_MOST_SYMBOLS]


def _symbol_now(file: SourceFile, node: Node) -> Symbol:
    line, column, _, _ = file.name_range(node)
    return Symbol(node.name, node.kind, node.qualname, file.path, line, column, file.key(node))


def _is_plain(symbol: Symbol, encoding: PositionEncoding) -> bool:
    return encoding == "utf-8" or not symbol.column or symbol.kind in _BEHIND_ASCII


def _known(editor: Editor, symbol: Symbol) -> _WorkspaceSymbol:
    line, start = symbol.line - 1, symbol.column
    length = 0 if symbol.kind == "module" else len(symbol.name)
    if length and not symbol.name.isascii():
        codec, width = _CODECS[editor.encoding]
        length = len(symbol.name.encode(codec)) // width
    ends = {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": start + length},
    }
    return _symbol(editor, symbol, {"range": ends})


def _unresolved(editor: Editor, symbol: Symbol) -> _WorkspaceSymbol:
    unresolved = _symbol(editor, symbol, {})
    unresolved.data = _Data(symbol.path, _range(symbol))
    return unresolved


def _range(symbol: Symbol) -> Range:
    return symbol.line, symbol.column, symbol.line, symbol.column + len(symbol.name.encode())


def _symbol(editor: Editor, symbol: Symbol, location: Json) -> _WorkspaceSymbol:
    location = {"uri": editor.uris.uri(symbol.path), **location}
    container = symbol.qualname.rpartition(".")[0] or symbol.path
    return _WorkspaceSymbol(symbol.name, symbol_kind(symbol.kind, symbol.name), location, container)


REQUESTS: Requests = {
    "workspace/symbol": (_QueryParams, workspace_symbols),
    "workspaceSymbol/resolve": (_WorkspaceSymbol, resolve),
}
