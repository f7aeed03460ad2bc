"""All requests of editors but the lifecycle's: their names, the types of their parameters, and what answers them."""

from __future__ import annotations

from remora_hub.server.lsp import folding_range, selection_range
from remora_hub.server.lsp.editor import Requests

REQUESTS: Requests = {
    **folding_range.REQUESTS,
    **selection_range.REQUESTS,
}
