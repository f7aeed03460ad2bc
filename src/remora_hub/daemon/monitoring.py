"""The listener for monitoring, where it is configured; nothing of it is imported where it is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

from remora_hub.http.monitored import Monitored
from remora_hub.logs import get_logger

log = get_logger(__name__)


class Monitoring:
    """``run`` it beside the hub. ``port`` is on loopback; 0: nobody listens.

    Whatever is wrong with it is logged and disturbs nothing else: the index is what the hub is for.
    """

    def __init__(self, port: int, state_dir: Path, hub: Monitored) -> None:
        self._port = port
        self._state_dir = state_dir
        self._hub = hub
        self._has_moved = asyncio.Event()

    def listen_on(self, port: int) -> None:
        """Go on with another port, if it is another one."""
        if port != self._port:
            self._port = port
            self._has_moved.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._has_moved.clear()
            serving = asyncio.create_task(self._serve(self._port))
            moving = asyncio.create_task(self._has_moved.wait())
            try:
                await asyncio.wait((serving, moving), return_when=asyncio.FIRST_COMPLETED)
                if serving.done():
                    serving.result()
                await moving
            finally:
                for task in (serving, moving):
                    task.cancel()
                await asyncio.gather(serving, moving, return_exceptions=True)

    async def _serve(self, port: int) -> None:
        """Listen on ``port`` until cancelled; returns at once if that is 0 or the extra is not installed."""
        if not port:
            return
        try:
            from remora_hub.http.listener import HttpListener  # 150 ms: uvicorn, starlette, prometheus-client
        except ImportError as error:
            remedy = "pip install 'remora-hub[http]', or set http.port = 0"
            log.warning("http.not_installed", port=port, reason=str(error), remedy=remedy)
            return
        await HttpListener(port, self._state_dir, self._hub).run()
