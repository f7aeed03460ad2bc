"""The listener for monitoring, where it is configured; nothing of it is imported where it is not."""

from __future__ import annotations

from pathlib import Path

from remora_hub.http.monitored import Monitored
from remora_hub.logs import get_logger

log = get_logger(__name__)


async def serve_http(port: int, state_dir: Path, hub: Monitored) -> None:
    """Listen on ``port`` until cancelled; returns at once if that is 0 or the extra is not installed.

    Whatever is wrong with it is logged and disturbs nothing else: the index is what the hub is for.
    """
    if not port:
        return
    try:
        from remora_hub.http.listener import HttpListener  # 150 ms: uvicorn, starlette, prometheus-client
    except ImportError as error:
        remedy = "pip install 'remora-hub[http]', or set http.port = 0"
        log.warning("http.not_installed", port=port, reason=str(error), remedy=remedy)
        return
    await HttpListener(port, state_dir, hub).run()
