from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from remora_hub.http import listener as listener_module
from remora_hub.http.listener import HttpListener


async def test_it_listens_on_loopback_alone(listener: Any) -> None:
    found = psutil.Process().net_connections("inet")
    assert {at.laddr.ip for at in found if at.status == "LISTEN" and at.laddr.port == listener.port} == {
        "127.0.0.1"
    }


async def test_a_port_that_is_taken_is_tried_again(
    listener: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "_RETRY_S", 0.01)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        late = HttpListener(other.getsockname()[1], tmp_path, listener.hub.monitored)
        running = asyncio.create_task(late.run())
        async with asyncio.timeout(60):
            while not late.trouble:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        while late.trouble:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_signals_stay_the_hubs(listener: Any) -> None:
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


async def test_a_client_that_sends_nothing_or_nonsense_stops_nobody(listener: Any) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(5)]
    assert (await listener.send("\x16\x03\x01 not http")).status == 400
    assert (await listener.get("/healthz")).status == 200
    for _, writer in silent:
        writer.transport.abort()
