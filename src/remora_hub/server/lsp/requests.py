"""All requests of editors but the lifecycle's: their names, the types of their parameters, and what answers them."""

from __future__ import annotations

from remora_hub.server.lsp import (
    definition,
    document_symbol,
    folding_range,
    hover,
    references,
    selection_range,
    workspace_symbol,
)
from remora_hub.server.lsp.editor import Requests

REQUESTS: Requests = {
    **workspace_symbol.REQUESTS,
    **document_symbol.REQUESTS,
    **definition.REQUESTS,
    **references.REQUESTS,
    **hover.REQUESTS,
    **folding_range.REQUESTS,
    **selection_range.REQUESTS,
}
