"""A socket at which more clients wait than the kernel lets wait: connect(2), EAGAIN."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from remora_hub.client.async_connection import AsyncConnection
from remora_hub.client.blocking import BlockingClient
from remora_hub.paths import StatePaths


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[StatePaths, socket.socket]]:
    """Where the hub would be, and a listener there that accepts nobody by itself and lets one wait."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.chdir(tmp_path)
    paths = StatePaths(tmp_path)
    paths.prepare()
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(str(paths.socket))
        listener.listen(0)
        waiting.connect(str(paths.socket))
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            with pytest.raises(BlockingIOError):
                probe.connect(str(paths.socket))
        yield paths, listener


def accept(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_a_client_waits_for_its_turn(busy: tuple[StatePaths, socket.socket]) -> None:
    paths, listener = busy
    accepting = threading.Timer(0.1, accept, [listener])
    accepting.start()
    BlockingClient.connect(paths).close()
    accepting.join()


async def test_an_asynchronous_client_does_so_too(busy: tuple[StatePaths, socket.socket]) -> None:
    paths, listener = busy
    asyncio.get_running_loop().call_later(0.1, accept, listener)
    connection = await AsyncConnection.connect(paths)
    await connection.close()
