"""``textDocument/references`` and ``textDocument/documentHighlight``."""

from __future__ import annotations

from typing import Any

import msgspec

from remora_hub.answers import Place
from remora_hub.query import references as query
from remora_hub.query.index import Index
from remora_hub.server.lsp.certainty import shown
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import PositionParams
from remora_hub.server.lsp.translation import Translation

_TEXT, _READ, _WRITE = 1, 2, 3  # DocumentHighlightKind
_HIGHLIGHTS = {"definition": _WRITE, "write": _WRITE, "read": _READ, "import": _TEXT}


class _Context(msgspec.Struct, rename="camel"):
    include_declaration: bool = True


class _ReferenceParams(PositionParams, rename="camel"):
    context: _Context = msgspec.field(default_factory=_Context)


async def references(editor: Editor, params: _ReferenceParams) -> list[dict[str, Any]] | None:
    """Mentions by binding, in all files."""

    def question(index: Index, translation: Translation, place: Place) -> list[dict[str, Any]]:
        found = query.references(index, place, include_definition=params.context.include_declaration)
        return [translation.location(reference) for reference in shown(found)]

    return await editor.ask_at(params, question, thorough=True)


async def highlights(editor: Editor, params: PositionParams) -> list[dict[str, Any]] | None:
    """Mentions in this document."""

    def question(index: Index, translation: Translation, place: Place) -> list[dict[str, Any]]:
        found = query.highlights(index, place)
        certain = [one for one in found if one.certain] or found
        return [{"range": translation.span(one), "kind": _HIGHLIGHTS[one.role]} for one in certain]

    return await editor.ask_at(params, question)


REQUESTS: Requests = {
    "textDocument/references": (_ReferenceParams, references),
    "textDocument/documentHighlight": (PositionParams, highlights),
}
