"""``textDocument/prepareCallHierarchy``, ``callHierarchy/incomingCalls`` and ``outgoingCalls``."""

from __future__ import annotations

from typing import Any

from remora_hub.answers import Call
from remora_hub.query.calls import callees, callers
from remora_hub.query.index import Index
from remora_hub.server.lsp.certainty import shown
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.hierarchy_item import ItemParams, find_item, key_of, written
from remora_hub.server.lsp.params import PositionParams
from remora_hub.server.lsp.translation import Translation

Json = dict[str, Any]


async def prepare(editor: Editor, params: PositionParams) -> list[Json] | None:
    """The definition of what is under the cursor."""
    return await find_item(editor, params)


async def incoming(editor: Editor, params: ItemParams) -> list[Json] | None:
    """Who calls it, with the places of the calls in the callers."""

    def question(index: Index, translation: Translation, path: str) -> list[Json]:
        key = key_of(index, translation, params.item, path)
        return [_call(translation, "from", call) for call in shown(callers(index, key))] if key else []

    return await editor.ask_about(params.item.uri, question, thorough=True)


async def outgoing(editor: Editor, params: ItemParams) -> list[Json] | None:
    """What it calls, with the places of the calls in it."""

    def question(index: Index, translation: Translation, path: str) -> list[Json]:
        key = key_of(index, translation, params.item, path)
        return [_call(translation, "to", call) for call in shown(callees(index, key))] if key else []

    return await editor.ask_about(params.item.uri, question, thorough=True)


def _call(translation: Translation, direction: str, call: Call) -> Json:
    return {
        direction: written(translation, call.item),
        "fromRanges": [translation.span(place) for place in call.places],
    }


REQUESTS: Requests = {
    "textDocument/prepareCallHierarchy": (PositionParams, prepare),
    "callHierarchy/incomingCalls": (ItemParams, incoming),
    "callHierarchy/outgoingCalls": (ItemParams, outgoing),
}
