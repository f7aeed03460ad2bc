"""``textDocument/documentSymbol``: the outline, as a tree if the client can show one."""

from __future__ import annotations

from typing import Any

from remora_hub.answers import Item
from remora_hub.query.index import Index
from remora_hub.query.outline import outline
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import DocumentParams
from remora_hub.server.lsp.symbol_kinds import symbol_kind
from remora_hub.server.lsp.translation import Translation

Json = dict[str, Any]


async def document_symbols(editor: Editor, params: DocumentParams) -> list[Json] | None:
    """``DocumentSymbol``s, or flat ``SymbolInformation`` for a client that does not announce the tree."""
    is_tree = editor.announced.has("textDocument.documentSymbol.hierarchicalDocumentSymbolSupport")

    def question(index: Index, translation: Translation, path: str) -> list[Json]:
        items = [item for item in outline(index, path) if item.kind != "module"]
        return _tree(translation, items) if is_tree else [_flat(translation, item) for item in items]

    return await editor.ask_about(params.text_document.uri, question)


def _tree(translation: Translation, items: list[Item]) -> list[Json]:
    """Each below the nearest definition before it whose qualified name its own begins with."""
    roots: list[Json] = []
    by_qualname: dict[str, Json] = {}
    for item in items:
        symbol = {
            "name": item.name,
            "detail": item.signature,
            "kind": symbol_kind(item.kind, item.name),
            "range": translation.range(item.path, item.range),
            "selectionRange": translation.range(item.path, item.name_range),
            "children": [],
        }
        parent = by_qualname.get(item.qualname.rpartition(".")[0])
        (roots if parent is None else parent["children"]).append(symbol)
        by_qualname[item.qualname] = symbol
    return roots


def _flat(translation: Translation, item: Item) -> Json:
    return {
        "name": item.name,
        "kind": symbol_kind(item.kind, item.name),
        "location": {
            "uri": translation.uri(item.path),
            "range": translation.range(item.path, item.range),
        },
        "containerName": item.qualname.rpartition(".")[0],
    }


REQUESTS: Requests = {"textDocument/documentSymbol": (DocumentParams, document_symbols)}
