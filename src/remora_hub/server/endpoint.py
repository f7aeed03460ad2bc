"""The unix socket: made safely, one ``Connection`` for each client, removed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import Mapping
from types import MappingProxyType

from remora_hub.errors import StoreError
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths
from remora_hub.server.connection import Connection, Method, Notification
from remora_hub.wire import REQUEST_FAILED, Failure, WireError, encode_frame

log = get_logger(__name__)

_READ_BYTES = 1 << 16  # of a message read ahead, so that a small one arrives in one piece
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class Endpoint:
    """Listens on the socket of ``paths``. Only the hub's own user (and root) is answered."""

    def __init__(
        self,
        paths: StatePaths,
        methods: Mapping[str, Method],
        notifications: Mapping[str, Notification] = MappingProxyType({}),
        *,
        max_frame_bytes: int,
        max_requests: int,
        max_connections: int,
    ) -> None:
        self._paths = paths
        self._methods = methods
        self._notifications = notifications
        self._max_frame_bytes = max_frame_bytes
        self._max_requests = max_requests
        self._max_connections = max_connections
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def clients(self) -> int:
        """Open connections."""
        return len(self._connections)

    async def start(self) -> None:
        """Begin to listen. The caller holds the root's lock, so a socket that is there is a dead hub's."""
        self._paths.prepare_socket_directory()
        path = self._paths.socket
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise StoreError("listen on", str(path), "something that is no socket is there", "remove it")
            path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        previous = os.umask(0o177)
        try:
            listener.bind(str(path))
        except OSError as error:
            listener.close()
            raise StoreError("listen on", str(path), error.strerror or str(error)) from error
        finally:
            os.umask(previous)
        self._server = await asyncio.start_unix_server(
            self._accept, sock=listener, limit=_READ_BYTES, backlog=512
        )

    async def close(self) -> None:
        """Stop listening, end all connections, remove the socket."""
        if self._server is None:
            return
        self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            self._paths.socket.unlink()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        refusal = self._refusal(writer)
        if refusal:
            log.warning("client.refused", reason=refusal)
            writer.write(encode_frame(Failure(None, WireError(REQUEST_FAILED, refusal))))
            writer.close()
            return
        self._connections.add(task)
        try:
            connection = Connection(
                reader,
                writer,
                self._methods,
                self._notifications,
                max_frame_bytes=self._max_frame_bytes,
                max_requests=self._max_requests,
            )
            await connection.serve()
        except asyncio.CancelledError:
            pass  # the endpoint closes; the connection has ended itself
        finally:
            self._connections.discard(task)

    def _refusal(self, writer: asyncio.StreamWriter) -> str:
        """Why this peer is not served; "" if it is."""
        peer: socket.socket = writer.get_extra_info("socket")
        _, uid, _ = _CREDENTIALS.unpack(
            peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        if uid not in (0, os.geteuid()):
            return f"user {uid} is not the hub's"
        if len(self._connections) >= self._max_connections:
            return f"{self._max_connections} clients are connected already"
        return ""
