"""``textDocument/implementation``: the classes derived from a class, the methods that override a method."""

from __future__ import annotations

from remora_hub.answers import Place
from remora_hub.query.definition import key_at
from remora_hub.query.hierarchy import implementations
from remora_hub.query.index import Index
from remora_hub.server.lsp.definition import Target, answer_with_places
from remora_hub.server.lsp.editor import Requests
from remora_hub.server.lsp.params import PositionParams


def _search(index: Index, place: Place) -> list[Target]:
    key = key_at(index, place)
    found = [] if key is None else implementations(index, key)
    return [(item.path, item.name_range, item.range) for item in found]


REQUESTS: Requests = {
    "textDocument/implementation": (
        PositionParams,
        answer_with_places("implementation", _search, thorough=True),
    ),
}
