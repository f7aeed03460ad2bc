"""A model provider on loopback that enforces limits per minute and counts who breaks them, and a client of it.

Its minute may be shorter than one: with ``--scale 60`` its clock runs 60 times as fast. Any rolling 60 s of that clock
hold at most ``--rpm`` requests and ``--tpm`` tokens; a request beyond that is refused (429 with Retry-After) and
counted as a violation. A request says how many tokens it costs and how long its answer takes.

POST /call {"id", "tokens", "latency_s"} -> {"tokens"}; /counts -> {"calls", "violations", "tokens", "errors",
"seconds"}; /ids -> the ids of all calls in their order; /stop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WINDOW_S = 60.0


class Limits:
    """What was counted in the latest rolling minute, and how often that was too much."""

    def __init__(self, requests: float, tokens: float) -> None:
        self._requests = requests
        self._tokens = tokens
        self._window: deque[tuple[float, int]] = deque()
        self._window_tokens = 0
        self.violations = 0

    def admit(self, now_s: float, tokens: int) -> float | None:
        """None, or the seconds after which to come back."""
        while self._window and self._window[0][0] <= now_s - WINDOW_S:
            self._window_tokens -= self._window.popleft()[1]
        if len(self._window) + 1 > self._requests or self._window_tokens + tokens > self._tokens:
            self.violations += 1
            return self._window[0][0] + WINDOW_S - now_s if self._window else WINDOW_S
        self._window.append((now_s, tokens))
        self._window_tokens += tokens
        return None


class Provider:
    """Answers requests; ``error_share`` of them with 500."""

    def __init__(self, limits: Limits, scale: float, error_share: float) -> None:
        self._limits = limits
        self._scale = scale
        self._error_share = error_share
        self._chance = random.Random(7)  # noqa: S311  # injects errors
        self._ids: list[Any] = []
        self._tokens = self._errors = 0
        self._first_s = self._last_s = 0.0
        self.stopped = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, _, rest = head.partition(b"\r\n")
                length = next(
                    (int(h[15:]) for h in rest.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0
                )
                body = await reader.readexactly(length)
                status, answer, headers = await self._answer(line.split()[1], body)
                text = json.dumps(answer).encode()
                writer.write(
                    b"HTTP/1.1 %d -\r\ncontent-length: %d\r\n%b\r\n%b" % (status, len(text), headers, text)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up, or was killed
        finally:
            writer.close()

    async def _answer(self, path: bytes, body: bytes) -> tuple[int, Any, bytes]:
        if path == b"/call":
            return await self._call(json.loads(body))
        if path == b"/ids":
            return 200, self._ids, b""
        if path == b"/stop":
            self.stopped.set()
        return (
            200,
            {
                "calls": len(self._ids),
                "violations": self._limits.violations,
                "tokens": self._tokens,
                "errors": self._errors,
                "seconds": (self._last_s - self._first_s) * self._scale,
            },
            b"",
        )

    async def _call(self, request: dict[str, Any]) -> tuple[int, Any, bytes]:
        now_s = time.monotonic()
        retry_after_s = self._limits.admit(now_s * self._scale, request["tokens"])
        if retry_after_s is not None:
            return 429, {}, b"retry-after: %.3f\r\n" % retry_after_s
        self._first_s, self._last_s = self._first_s or now_s, now_s
        self._ids.append(request["id"])
        self._tokens += request["tokens"]
        await asyncio.sleep(request["latency_s"] / self._scale)
        if self._chance.random() < self._error_share:
            self._errors += 1
            return 500, {}, b""
        return 200, {"tokens": request["tokens"]}, b""


class RefusedError(Exception):
    """An HTTP status of 400 or above."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(f"HTTP {status}")
        self.status_code = status
        self.headers = headers


class Client:
    """Keeps connections and uses them again. ``call`` is what a ``process`` function does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, name: object, tokens: int, latency_s: float) -> int:
        """The tokens that the call cost. Raises RefusedError, OSError."""
        answer = await self.post("/call", {"id": name, "tokens": tokens, "latency_s": latency_s})
        return int(answer["tokens"])

    async def post(self, path: str, body: object) -> Any:
        """Send and receive JSON."""
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        text = json.dumps(body).encode()
        writer.write(b"POST %b HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(text), text))
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        answer = json.loads(await reader.readexactly(int(headers["content-length"])))
        self._idle.append((reader, writer))
        status = int(head[0].split()[1])
        if status >= 400:
            raise RefusedError(status, headers)
        return answer

    async def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()


class ScaledClock:
    """Time that runs ``scale`` times as fast, on both sides."""

    def __init__(self, scale: float) -> None:
        self._scale = scale

    def now_s(self) -> float:
        """Seconds of the faster time."""
        return time.monotonic() * self._scale

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """``asyncio.timeout`` of the faster time."""
        return asyncio.timeout(None if seconds is None else seconds / self._scale)


@contextmanager
def running_server(*, rpm: float, tpm: float, scale: float = 1.0, error_share: float = 0.0) -> Iterator[int]:
    """A server in a process of its own; its port."""
    command = [sys.executable, str(Path(__file__)), "--rpm", str(rpm), "--tpm", str(tpm)]
    command += ["--scale", str(scale), "--error-share", str(error_share)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until told to stop; the port is the first line of the output."""
    limits = Limits(arguments.rpm, arguments.tpm)
    provider = Provider(limits, arguments.scale, arguments.error_share)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await provider.stopped.wait()


def main() -> None:
    """The server's process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpm", type=float, required=True)
    parser.add_argument("--tpm", type=float, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--error-share", type=float, default=0.0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
