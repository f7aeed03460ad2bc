"""Requests of editors that a start need not know: their names, the types of their parameters, and what answers them."""

from __future__ import annotations

from remora_hub.server.lsp import (
    call_hierarchy,
    code_lens,
    definition,
    document_symbol,
    folding_range,
    hover,
    implementation,
    references,
    selection_range,
    type_hierarchy,
)
from remora_hub.server.lsp.editor import Requests

REQUESTS: Requests = {
    **document_symbol.REQUESTS,
    **definition.REQUESTS,
    **implementation.REQUESTS,
    **references.REQUESTS,
    **hover.REQUESTS,
    **call_hierarchy.REQUESTS,
    **type_hierarchy.REQUESTS,
    **code_lens.REQUESTS,
    **folding_range.REQUESTS,
    **selection_range.REQUESTS,
}
