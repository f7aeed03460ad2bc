"""The listener on a free port, in front of a hub that says what a test tells it to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remora_hub.daemon.status import Problem
from remora_hub.http.listener import HttpListener
from remora_hub.http.monitored import Monitored
from remora_hub.metrics import catalogue
from remora_hub.metrics.catalogue import Samples


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Hub:
    state: str = "ready"
    problems: list[Problem] = field(default_factory=list)

    async def metrics(self) -> Samples:
        return {catalogue.QUEUE_DEPTH: 3}

    @property
    def monitored(self) -> Monitored:
        return Monitored(lambda: self.state, lambda: self.problems, self.metrics)


@dataclass
class Listener:
    """A client sends what a test writes, byte for byte."""

    port: int
    state_dir: Path
    hub: Hub
    made: Any

    @property
    def token(self) -> str:
        return (self.state_dir / "http.token").read_text().strip()

    async def get(self, target: str, *headers: str, host: str | None = "", token: str = "") -> Response:
        lines = [*headers]
        if host is not None:
            lines.append(f"Host: {host or f'127.0.0.1:{self.port}'}")
        if token:
            lines.append(f"Authorization: Bearer {token}")
        return await self.send(f"GET {target} HTTP/1.1", *lines)

    async def send(self, *lines: str) -> Response:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
            async with asyncio.timeout(60):
                raw = (await reader.read()).decode()
        finally:
            writer.transport.abort()
        head, _, body = raw.partition("\r\n\r\n")
        status, *fields = head.split("\r\n")
        pairs = (line.partition(": ") for line in fields)
        return Response(int(status.split()[1]), {name.lower(): value for name, _, value in pairs}, body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_it_answers(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                await writer.wait_closed()
                return


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    hub, port = Hub(), free_port()
    made = HttpListener(port, tmp_path, hub.monitored)
    running = asyncio.create_task(made.run())
    await until_it_answers(port)
    yield Listener(port, tmp_path, hub, made)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def port() -> int:
    return free_port()
