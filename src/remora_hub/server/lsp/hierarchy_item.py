"""The items of call and type hierarchies: what they are written as, and known again by."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from remora_hub.answers import Item, Place
from remora_hub.query.definition import key_at
from remora_hub.query.index import Index
from remora_hub.query.outline import item as item_of
from remora_hub.server.lsp.editor import Editor
from remora_hub.server.lsp.params import PositionParams, Range
from remora_hub.server.lsp.symbol_kinds import symbol_kind
from remora_hub.server.lsp.translation import Translation

Json = dict[str, Any]


class _WrittenItem(msgspec.Struct, rename="camel"):
    uri: str
    selection_range: Range
    data: Any = None


class ItemParams(msgspec.Struct):
    """A request about an item that was given out before."""

    item: _WrittenItem


async def find_item(
    editor: Editor, params: PositionParams, kinds: Collection[str] | None = None
) -> list[Json] | None:
    """The definition of the name under the cursor; None if it is no node, or not of one of ``kinds``."""

    def question(index: Index, translation: Translation, place: Place) -> list[Json] | None:
        key = key_at(index, place)
        found = None if key is None else index.split_key(key)
        if found is None:
            return None
        file, suffix = found
        item = item_of(file, file.by_suffix[suffix])
        return [written(translation, item)] if not kinds or item.kind in kinds else None

    return await editor.ask_at(params, question)


def written(translation: Translation, item: Item) -> Json:
    """A ``CallHierarchyItem`` or ``TypeHierarchyItem``, which are alike."""
    container = item.qualname.rpartition(".")[0]
    return {
        "name": item.name,
        "kind": symbol_kind(item.kind, item.name),
        "detail": f"{item.path}:{item.range[0]}" + (f" {container}" if container else ""),
        "uri": translation.uri(item.path),
        "range": translation.range(item.path, item.range),
        "selectionRange": translation.range(item.path, item.name_range),
        "data": item.key,
    }


def key_of(index: Index, translation: Translation, item: _WrittenItem, path: str) -> str | None:
    """The key of an item: as it was given out, or what stands there now, if the node has gone or the data was lost."""
    if isinstance(item.data, str) and index.split_key(item.data) is not None:
        return item.data
    return key_at(index, translation.place(path, item.selection_range.start))
