"""Connections that ask nothing, or never come to an end of it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from remora_hub.http import protocol


async def connections(listener: Any, count: int, sent: bytes = b"") -> list[Any]:
    """As many as are wanted, ``sent`` on each; the listener may hang up on some."""
    found = []
    for _ in range(count):
        stream = await asyncio.open_connection("127.0.0.1", listener.port)
        stream[1].write(sent)
        found.append(stream)
    return found


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\n",
        b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
    ],
)
async def test_who_asks_is_served_whatever_others_hold_open(listener: Any, sent: bytes) -> None:
    held = await connections(listener, 200, sent)
    for _ in range(5):
        assert (await listener.get("/healthz")).status == 200
        held += await connections(listener, 40, sent)
    for _, writer in held:
        writer.transport.abort()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET"])
async def test_who_asks_nothing_more_is_hung_up_on(
    listener: Any, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "LONGEST_REQUEST_S", 0.05)
    [(reader, writer)] = await connections(listener, 1, sent)
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                pass
    writer.transport.abort()


async def test_a_client_may_ask_again_and_again_on_one_connection(
    listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LONGEST_REQUEST_S", 30.0)
    [(reader, writer)] = await connections(listener, 1)
    for _ in range(20):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(60):
            assert await reader.readuntil(b"alive\n")
    writer.transport.abort()
