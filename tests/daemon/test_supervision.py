"""The watchdog hears of a writer that is stuck, by hearing nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.daemon.supervision import Supervision
from remora_hub.pipeline.progress import Progress
from remora_hub.store import NodeStateStore

_LONGEST_WAIT_S = 20


async def heard_until(listening: socket.socket, start: str) -> None:
    async with asyncio.timeout(_LONGEST_WAIT_S):
        while not (await asyncio.get_running_loop().sock_recv(listening, 4096)).startswith(start.encode()):
            pass


async def quiet_for(listening: socket.socket, seconds: float) -> None:
    """Return once nothing has come for so long."""
    async with asyncio.timeout(_LONGEST_WAIT_S):
        while True:
            try:
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(listening, 4096), seconds)
            except TimeoutError:
                return


async def test_a_stuck_writer_silences_the_watchdog_until_it_gets_on(
    store: NodeStateStore, tmp_path: Path
) -> None:
    progress = Progress()
    progress.finish()
    session: Any = SimpleNamespace(
        store=store,
        pending=0,
        queue=SimpleNamespace(depth=0),
        cold_start=SimpleNamespace(progress=progress),
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        manager = ServiceManager(str(tmp_path / "notify"), watchdog_s=0.15)
        supervision = Supervision(manager, lambda: session, lambda: "ready", lambda: 0.1, longest_write_s=0.1)
        running = asyncio.create_task(supervision.run())
        await heard_until(listening, "STATUS=ready: 0 files, 0 nodes; queue 0")
        release = threading.Event()
        writing = store._own_writer().maintain(lambda _: release.wait(_LONGEST_WAIT_S))
        await heard_until(listening, "WATCHDOG=1")
        await quiet_for(listening, 0.5)  # ten pings, were it well
        release.set()
        await asyncio.wrap_future(writing)
        await heard_until(listening, "WATCHDOG=1")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
