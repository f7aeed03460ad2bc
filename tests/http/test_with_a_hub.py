"""The listener of a real hub, as its configuration asks for it."""

from __future__ import annotations

import asyncio
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from remora_hub.config import HubConfig
from remora_hub.config.model import HttpConfig
from remora_hub.daemon.hub import Hub
from remora_hub.paths import StatePaths


def fetch(url: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def test_a_hub_is_monitored_until_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    (tmp_path / "one.py").write_text("def one(): pass\n")
    paths = StatePaths(tmp_path)
    hub = Hub(paths, HubConfig(http=HttpConfig(port=port)))
    running = asyncio.create_task(hub.run())
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(60):
        while not (paths.state_dir / "http.token").exists():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
        await hub.opened()
        await hub.sync(None)
        assert await asyncio.to_thread(fetch, f"{url}/readyz") == (200, '{"state":"ready","reasons":[]}')
        assert await asyncio.to_thread(fetch, f"{url}/metrics") == (403, "")
        token = (paths.state_dir / "http.token").read_text().strip()
        status, text = await asyncio.to_thread(fetch, f"{url}/metrics", token)
        assert status == 200
        assert 'remora_hub_files{status="indexed"} 1.0\n' in text
        hub.stop()
        await running
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(fetch, f"{url}/healthz")


async def test_without_the_extra_the_hub_does_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    for name in [name for name in sys.modules if name.startswith(("remora_hub.http.listener", "uvicorn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    hub = Hub(StatePaths(tmp_path), HubConfig(http=HttpConfig(port=port)))
    running = asyncio.create_task(hub.run())
    async with asyncio.timeout(60):
        await hub.opened()
        await hub.sync(None)
        hub.stop()
        await running
