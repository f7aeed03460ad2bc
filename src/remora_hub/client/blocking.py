"""A blocking client: one request at a time over the daemon's socket. For the command line and scripts."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from remora_hub import errors
from remora_hub.errors import HubError, NotRunningError
from remora_hub.holder import read_holder
from remora_hub.paths import StatePaths
from remora_hub.wire import MAX_HEADER_BYTES, Call, FailureData, Incoming, content_length, encode_frame

_READ_BYTES = 1 << 16
_POLL_S = 0.02
_LONGEST_CONNECT_S = 5.0
LONGEST_ANSWER_S = 120.0
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class BlockingClient:
    """A connection to the daemon of one root; a context manager. Made by ``connect``. No wait is without a limit."""

    def __init__(self, connection: socket.socket, root: Path) -> None:
        self._connection = connection
        self._root = root
        self._buffer = bytearray()
        self._requests = 0
        self._deadline = 0.0

    @classmethod
    def connect(cls, paths: StatePaths) -> Self:
        """Connect to the daemon of ``paths``. Raises NotRunningError if none answers."""
        holder = read_holder(paths.lock)
        address = holder.socket if holder else str(paths.socket)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(_LONGEST_CONNECT_S)  # a frozen daemon does not accept
            connection.connect(address)
            _check_peer(connection)
        except OSError as error:
            connection.close()
            raise NotRunningError(
                "reach a hub for",
                str(paths.root),
                error.strerror or str(error),
                "start one with: remora-hub start",
            ) from error
        return cls(connection, paths.root)

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

    def close(self) -> None:
        """Hang up."""
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
        or speaks another protocol. After any but the hub's own the connection is of no more use.
        """
        self._requests += 1
        request = self._requests
        self._deadline = time.monotonic() + timeout_s
        subject = str(self._root)
        try:
            self._connection.settimeout(timeout_s)
            self._connection.sendall(encode_frame(Call(method, dict(params or {}), request)))
            while True:
                message = _decode(self._next_frame())
                if message.id == request or (message.id is None and message.error is not msgspec.UNSET):
                    break  # an error without an id: the hub could not even read the request
        except TimeoutError as error:
            reason = f"no answer to {method} within {timeout_s:g} s"
            raise HubError("talk to the hub of", subject, reason, "see its log, or restart it") from error
        except OSError as error:
            raise NotRunningError("talk to the hub of", subject, error.strerror or str(error)) from error
        except (ValueError, RecursionError) as error:  # msgspec's DecodeError is a ValueError
            raise HubError("understand the hub of", subject, str(error)) from error
        if message.error is not msgspec.UNSET:
            raise _rebuilt(method, message.error.message, message.error.data)
        return msgspec.json.decode(message.result or b"null")

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
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        data = self._connection.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError("the hub hung up")
        self._buffer += data


def _check_peer(connection: socket.socket) -> None:
    """Raise PermissionError unless whoever listens is this user or root: a lock file may name any socket."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    if uid not in (0, os.geteuid()):
        raise PermissionError(errno.EPERM, f"its socket belongs to user {uid}")


_decode = msgspec.json.Decoder(Incoming).decode


def _rebuilt(method: str, message: str, data: object) -> HubError:
    """The hub's own error again, from what it said of it on the wire."""
    try:
        failure = msgspec.convert(data, FailureData)
    except msgspec.ValidationError:
        return HubError(f"call {method}", reason=message)
    kind = getattr(errors, failure.type, HubError)
    if not (isinstance(kind, type) and issubclass(kind, HubError)):
        kind = HubError
    error = kind.__new__(kind)
    HubError.__init__(error, failure.operation, failure.subject, failure.reason, failure.hint)
    error.exit_code = failure.exit_code
    error.recoverable = failure.recoverable
    return error
