"""A hub that answers as a test tells it to, over a real socket; and a small real project."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from remora_hub.errors import HubError
from remora_hub.holder import read_holder
from remora_hub.paths import StatePaths
from remora_hub.wire import Answer, Failure, WireError, content_length, encode_frame, failure_data

Handler = Callable[[dict[str, Any]], object]


def frame(message: Mapping[str, object]) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class FakeHub:
    """Answers each method with what its handler returns or raises; ``None`` leaves the request open.

    ``seen`` is every message as it came. ``send`` writes to all connections, ``hang_up`` ends them.
    """

    def __init__(self, paths: StatePaths) -> None:
        self.paths = paths
        self.handlers: dict[str, Handler] = {}
        self.seen: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        self._connections: list[socket.socket] = []
        paths.prepare_socket_directory()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(paths.socket))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def wait_for(self, method: str, count: int = 1) -> dict[str, Any]:
        """The ``count``-th message of a method, as soon as it is there."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self._of(method)) >= count, 60), f"no {method}"
            return self._of(method)[count - 1]

    def answer(self, request: int, result: object) -> None:
        """Answer a request that was left open."""
        self.send({"jsonrpc": "2.0", "id": request, "result": result})

    def send(self, message: Mapping[str, object]) -> None:
        self.send_raw(frame(message))

    def send_raw(self, data: bytes) -> None:
        for connection in self._connections:
            connection.sendall(data)

    def notify(self, method: str, params: object) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def hang_up(self) -> None:
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)
        self.paths.socket.unlink(missing_ok=True)

    def _of(self, method: str) -> list[dict[str, Any]]:
        return [message for message in self.seen if message["method"] == method]

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            while header := stream.readline():
                stream.readline()
                message = json.loads(stream.read(content_length(header.rstrip())))
                with self._arrived:
                    self.seen.append(message)
                    self._arrived.notify_all()
                if "id" in message:
                    self._handle(connection, message)

    def _handle(self, connection: socket.socket, message: dict[str, Any]) -> None:
        try:
            result = self.handlers[message["method"]](message.get("params", {}))
        except HubError as error:
            failure = Failure(message["id"], WireError(-32803, str(error), failure_data(error)))
            connection.sendall(encode_frame(failure))
            return
        if result is not None:
            connection.sendall(encode_frame(Answer(message["id"], result)))


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatePaths:
    """Of an empty project, its socket beside its index."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return StatePaths(tmp_path)


@pytest.fixture
def hub(paths: StatePaths) -> Iterator[FakeHub]:
    made = FakeHub(paths)
    yield made
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A small real project; a daemon that a test started on it is stopped."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").touch()
    (root / "shapes.py").write_text(
        "import functools\n\n\n@functools.cache\ndef area(side: int) -> int:\n"
        '    """Of a square."""\n    return side * side\n\n\ndef volume(side: int) -> int:\n'
        "    return area(side) * side\n"
    )
    (root / "test_shapes.py").write_text(
        "from shapes import volume\n\n\ndef test_volume() -> None:\n    assert volume(2) == 8\n"
    )
    yield root
    holder = read_holder(StatePaths(root).lock)
    if holder is not None and holder.pid != os.getpid():
        with suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGKILL)
