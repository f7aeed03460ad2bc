"""A blocking connection: one request at a time over the daemon's socket."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from remora_hub.client.address import LONGEST_CONNECT_S, check_peer, daemon_address, not_reached
from remora_hub.client.failures import gone, not_understood, result_of, timed_out
from remora_hub.errors import NotRunningError
from remora_hub.paths import StatePaths
from remora_hub.wire import MAX_HEADER_BYTES, Call, Incoming, content_length, encode_frame

_READ_BYTES = 1 << 16
_POLL_S = 0.02
LONGEST_ANSWER_S = 120.0


class BlockingClient:
    """A connection to the daemon of one root; a context manager. Made by ``connect``. No wait is without a limit.

    Not for several threads at a time. With ``keeps_notifications`` those that arrive can be fetched.
    """

    def __init__(self, connection: socket.socket, root: Path, *, keeps_notifications: bool = False) -> None:
        self._connection = connection
        self._root = str(root)
        self._buffer = bytearray()
        self._requests = 0
        self._deadline: float | None = None
        self._keeps_notifications = keeps_notifications
        self._notifications: deque[Incoming] = deque()

    @classmethod
    def connect(cls, paths: StatePaths, *, keeps_notifications: bool = False) -> Self:
        """Connect to the daemon of ``paths``. Raises NotRunningError if none answers."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(LONGEST_CONNECT_S)
            _connect(connection, daemon_address(paths))
            check_peer(connection)
        except OSError as error:
            connection.close()
            raise not_reached(paths, error) from error
        return cls(connection, paths.root, keeps_notifications=keeps_notifications)

    @classmethod
    def wait_for(cls, paths: StatePaths, timeout_s: float) -> Self:
        """Connect as soon as a daemon answers. Raises NotRunningError if none does in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return cls.connect(paths)
            except NotRunningError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_POLL_S)  # the socket appears when the daemon listens; nothing announces it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, by its user or because it broke."""
        return self._connection.fileno() < 0

    def close(self) -> None:
        """Hang up; a thread that waits for an answer is told so."""
        with contextlib.suppress(OSError):  # the hub hung up first
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def call(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
        *,
        timeout_s: float = LONGEST_ANSWER_S,
    ) -> Any:
        """The result of ``method``, as plain values.

        Raises the hub's own error; NotRunningError if it went away; HubError if it does not answer within ``timeout_s``
        or speaks another protocol. After any but the hub's own the connection is closed.
        """
        return msgspec.json.decode(self.call_raw(method, params or {}, timeout_s=timeout_s))

    def call_raw(self, method: str, params: Mapping[str, object], *, timeout_s: float) -> msgspec.Raw:
        """The same as the JSON it came as."""
        self._requests += 1
        request = self._requests
        try:
            self._set_limit(timeout_s)
            self._connection.settimeout(timeout_s)
            self._connection.sendall(encode_frame(Call(method, dict(params), request)))
            while True:
                message = _decode(self._next_frame())
                if message.id == request or (message.id is None and message.error is not msgspec.UNSET):
                    break  # an error without an id: the hub could not even read the request
                self._keep(message)
        except BaseException as error:
            self.close()  # half a request may be on its way, or half an answer
            if isinstance(error, TimeoutError):
                raise timed_out(self._root, method, timeout_s) from error
            if isinstance(error, OSError):
                raise gone(self._root, error) from error
            if isinstance(error, (ValueError, RecursionError)):  # msgspec's DecodeError is a ValueError
                raise not_understood(self._root, error) from error
            raise
        return result_of(method, message)

    def next_notification(self, timeout_s: float | None = None) -> Incoming | None:
        """The next notification; None if there is none within ``timeout_s``. Raises NotRunningError, HubError."""
        self._set_limit(timeout_s)
        try:
            while not self._notifications:
                self._keep(_decode(self._next_frame()))
        except TimeoutError:
            return None  # what has arrived of the next one is kept
        except OSError as error:
            self.close()
            raise gone(self._root, error) from error
        except (ValueError, RecursionError) as error:
            self.close()
            raise not_understood(self._root, error) from error
        return self._notifications.popleft()

    def _keep(self, message: Incoming) -> None:
        if self._keeps_notifications and message.method is not None:
            self._notifications.append(message)

    def _set_limit(self, timeout_s: float | None) -> None:
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def _next_frame(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                raise ValueError(f"no header within {MAX_HEADER_BYTES} bytes")
            self._receive()
        start = end + 4
        length = content_length(bytes(self._buffer[:end]))
        while len(self._buffer) < start + length:
            self._receive()
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return body

    def _receive(self) -> None:
        left_s = None if self._deadline is None else self._deadline - time.monotonic()
        if left_s is not None and left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        data = self._connection.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError("the hub hung up")
        self._buffer += data


def _connect(connection: socket.socket, address: str) -> None:
    """Where too many wait to be accepted, the kernel tells who has a time limit at once (connect(2), EAGAIN)."""
    deadline = time.monotonic() + LONGEST_CONNECT_S
    while True:
        try:
            connection.connect(address)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_S)  # nothing announces that there is room
        else:
            return


_decode = msgspec.json.Decoder(Incoming).decode
