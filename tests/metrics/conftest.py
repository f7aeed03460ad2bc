"""A real hub in this process, on a root of two files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remora_hub.client.blocking import BlockingClient
from remora_hub.config import HubConfig
from remora_hub.daemon.hub import Hub
from remora_hub.paths import StatePaths


@pytest.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    root = tmp_path / "root"
    root.mkdir()
    (root / "one.py").write_text("def one(): pass\n")
    (root / "two.py").write_text("x = 1\n")
    paths = StatePaths(root)
    made = Hub(paths, HubConfig())
    running = asyncio.create_task(made.run())
    async with asyncio.timeout(60):
        while not paths.socket.exists():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
        await made.opened()
        await made.sync(None)
    yield made
    made.stop()
    async with asyncio.timeout(60):
        await running


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[BlockingClient]:
    """To be used in a thread: the hub's event loop is this one."""
    with await asyncio.to_thread(BlockingClient.connect, StatePaths(hub.root)) as connected:
        yield connected
