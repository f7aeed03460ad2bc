"""Listening on loopback: uvicorn in the hub's own event loop, tried again for as long as the port is taken."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from remora_hub.http.application import make_application
from remora_hub.http.guard import Guard
from remora_hub.http.monitored import Monitored
from remora_hub.http.protocol import BoundedProtocol
from remora_hub.http.token import Token
from remora_hub.logs import get_logger

_HOST = "127.0.0.1"
_RETRY_S = 10.0
_MOST_REQUESTS = 32  # open connections and requests; what exceeds that gets 503
_MOST_HEADER_BYTES = 16 * 1024
_KEEP_ALIVE_S = 5
_LONGEST_GOODBYE_S = 1

# https://owasp.org/www-project-secure-headers/: nothing here is a page, and nobody shall treat it as one.
_HEADERS = [
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
]
_REMEDY = "choose another http.port, or end the process that has it; it is tried again every 10 s"

log = get_logger(__name__)


class HttpListener:
    """``run`` it beside the hub. ``trouble`` says why nobody listens right now; "" if somebody does."""

    def __init__(self, port: int, state_dir: Path, hub: Monitored) -> None:
        self.trouble = ""
        self._port = port
        self._token = Token(state_dir)
        self._hub = hub

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                listener = self._bind()
            except OSError as error:
                if not self.trouble:
                    log.warning("http.not_listening", port=self._port, reason=str(error), remedy=_REMEDY)
                self.trouble = str(error)
                await asyncio.sleep(_RETRY_S)
                continue
            self.trouble = ""
            log.info("http.listening", port=self._port, token_file=str(self._token.path))
            await self._serve(listener)

    def _bind(self) -> socket.socket:
        self._token.ensure()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((_HOST, self._port))
        except OSError:
            listener.close()
            raise
        return listener

    async def _serve(self, listener: socket.socket) -> None:
        server = _Server(
            uvicorn.Config(
                Guard(make_application(self._hub), self._port, self._token),
                http=BoundedProtocol,
                ws="none",
                lifespan="off",
                loop="none",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                headers=_HEADERS,
                limit_concurrency=_MOST_REQUESTS,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_LONGEST_GOODBYE_S,
                h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the hub."""
        yield
