"""``textDocument/prepareTypeHierarchy``, ``typeHierarchy/supertypes`` and ``subtypes``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from remora_hub.answers import Item
from remora_hub.query.hierarchy import subtypes, supertypes
from remora_hub.query.index import Index
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.hierarchy_item import ItemParams, find_item, key_of, written
from remora_hub.server.lsp.params import PositionParams
from remora_hub.server.lsp.translation import Translation

Json = dict[str, Any]


async def prepare(editor: Editor, params: PositionParams) -> list[Json] | None:
    """The class (or the method, which has relatives, too) of what is under the cursor."""
    return await find_item(editor, params, ("class", "method", "property"))


def _relatives(find: Callable[[Index, str], list[Item]]) -> Callable[..., Awaitable[list[Json] | None]]:
    """What answers with the direct relatives in one direction."""

    async def answer(editor: Editor, params: ItemParams) -> list[Json] | None:
        def question(index: Index, translation: Translation, path: str) -> list[Json]:
            key = key_of(index, translation, params.item, path)
            return [written(translation, item) for item in find(index, key)] if key else []

        return await editor.ask_about(params.item.uri, question, thorough=True)

    return answer


REQUESTS: Requests = {
    "textDocument/prepareTypeHierarchy": (PositionParams, prepare),
    "typeHierarchy/supertypes": (ItemParams, _relatives(supertypes)),
    "typeHierarchy/subtypes": (ItemParams, _relatives(subtypes)),
}
