"""``workspace/symbol``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import msgspec

from remora_hub.answers import Symbol
from remora_hub.facts import PackedFile
from remora_hub.query.name_match import fold
from remora_hub.query.symbol_rows import as_symbol, symbols_of
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.syntax.code_text import PositionEncoding

_MOST_SYMBOLS = 128


class _QueryParams(msgspec.Struct):
    query: Annotated[str, msgspec.Meta(max_length=1000)]  # as that of hub/symbols


async def workspace_symbols(editor: Editor, params: _QueryParams) -> Sequence[msgspec.Raw]:
    """The best matches for a query, at most 128. An empty query is answered, too.

    No file is looked into: where names stand is kept with them, in every encoding.
    """
    backend, encoding, shown = editor.backend, editor.encoding, editor.shown_symbol
    await backend.opened()
    search = partial(backend.search_symbols, params.query, None, _MOST_SYMBOLS)
    # Beside the first index, of which each answer is provisional, nobody waits for the start of a parse lane.
    if unsaved := await editor.documents.overlays(at_once=backend.is_first_index):
        stored = await search(show=as_symbol(encoding))
        found = await asyncio.to_thread(_with_unsaved, unsaved, params.query, stored, encoding)
        return [shown.of(symbol) for symbol in found]
    return await search(show=shown)


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


REQUESTS: Requests = {"workspace/symbol": (_QueryParams, workspace_symbols)}
