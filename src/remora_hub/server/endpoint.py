"""The unix socket: made safely, one ``Connection`` for each client, removed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from remora_hub.errors import StoreError
from remora_hub.logs import get_logger, log_context
from remora_hub.metrics.requests import RequestMeter
from remora_hub.paths import StatePaths
from remora_hub.server.connection import Connection, Method, Notification
from remora_hub.server.frames import UnfinishedFrames
from remora_hub.wire import REQUEST_FAILED, Failure, WireError, encode_frame

log = get_logger(__name__)

_READ_BYTES = 1 << 16  # of a message read ahead, so that a small one arrives in one piece
_BACKLOG = 4096  # connections that wait to be accepted: a burst of more is turned away by the kernel
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class Endpoint:
    """Listens on the socket of ``paths``, and on ``handed`` ones that somebody else (systemd) made and keeps: those are
    answered and left as they are. Only the hub's own user (and root) is answered.
    """

    def __init__(
        self,
        paths: StatePaths,
        methods: Mapping[str, Method],
        notifications: Mapping[str, Notification] = MappingProxyType({}),
        *,
        max_frame_bytes: int,
        max_requests: int,
        max_connections: int,
        handed: Sequence[socket.socket] = (),
    ) -> None:
        self.meter = RequestMeter()
        self._paths = paths
        self._handed = tuple(handed)
        self._methods = methods
        self._notifications = notifications
        self._max_frame_bytes = max_frame_bytes
        self._max_requests = max_requests
        self._max_connections = max_connections
        self._connections: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._unfinished = UnfinishedFrames()
        self._own: asyncio.Server | None = None
        self._own_place: tuple[int, int] | None = None  # of the socket's file: device and inode
        self._clients_so_far = 0

    @property
    def clients(self) -> int:
        """Open connections."""
        return len(self._connections)

    def limit(self, *, max_frame_bytes: int, max_requests: int, max_connections: int) -> None:
        """Set other limits for the connections to come."""
        self._max_frame_bytes = max_frame_bytes
        self._max_requests = max_requests
        self._max_connections = max_connections

    async def start(self) -> None:
        """Begin to listen. The caller holds the root's lock, so a socket that is there is a dead hub's."""
        self._paths.prepare_socket_directory()
        for listener in self._handed:
            self._servers.append(await self._serve(listener.dup(), is_own=False))
        if not any(self._is_named(listener) for listener in self._handed):
            await self._listen()

    @property
    def is_in_place(self) -> bool:
        """Whether clients that look for the hub's socket find it, and no other one in its place."""
        place = _identity(self._paths.socket)
        return place is not None and self._own_place in (None, place)

    async def put_back(self) -> None:
        """Make the socket anew where it is not in place; who is connected stays so. Raises ConfigError, StoreError."""
        if not self._servers:
            return  # the hub takes no more
        self._paths.prepare_socket_directory()
        if self._own is not None:
            self._own.close()
            self._servers.remove(self._own)
        await self._listen()

    def take_no_more(self) -> None:
        """Stop listening and remove the socket; who is connected stays so."""
        is_own = self._own_place is not None and self._own_place == _identity(self._paths.socket)
        for server in self._servers:
            server.close()
        self._servers, self._own, self._own_place = [], None, None
        if is_own:
            with contextlib.suppress(
                OSError
            ):  # gone already, or on a disk gone read-only: the next hub replaces it
                self._paths.socket.unlink()

    async def close(self) -> None:
        """Stop listening, remove the socket, end all connections."""
        self.take_no_more()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._own = await self._serve(self._bind(), is_own=True)
        self._own_place = _identity(self._paths.socket)
        self._servers.append(self._own)

    def _bind(self) -> socket.socket:
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
        return listener

    async def _serve(self, listener: socket.socket, *, is_own: bool) -> asyncio.Server:
        # From Python 3.13 on closing a server removes its socket's file, unless told not to.
        keeps_file: dict[str, Any] = (
            {"cleanup_socket": False} if sys.version_info >= (3, 13) and not is_own else {}
        )
        return await asyncio.start_unix_server(
            self._accept, sock=listener, limit=_READ_BYTES, backlog=_BACKLOG, **keeps_file
        )

    def _is_named(self, listener: socket.socket) -> bool:
        """Whether clients that look for the hub's socket find this one."""
        path = self._paths.socket
        return path.exists() and listener.getsockname() == str(path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        refusal = self._refusal(writer)
        if refusal:
            self.meter.failures["turned_away"] += 1
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
                meter=self.meter,
                unfinished=self._unfinished,
            )
            self._clients_so_far += 1
            with log_context(client=self._clients_so_far, client_pid=_credentials(writer)[0]):
                log.debug("client.connected")
                await connection.serve()
                log.debug("client.left")
        except asyncio.CancelledError:
            pass  # the endpoint closes; the connection has ended itself
        finally:
            self._connections.discard(task)

    def _refusal(self, writer: asyncio.StreamWriter) -> str:
        """Why this peer is not served; "" if it is."""
        _, uid, _ = _credentials(writer)
        if uid not in (0, os.geteuid()):
            return f"user {uid} is not the hub's"
        if len(self._connections) >= self._max_connections:
            return f"{self._max_connections} clients are connected already"
        return ""


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _credentials(writer: asyncio.StreamWriter) -> tuple[int, int, int]:
    """Process, user and group of who connected, as the kernel knows them."""
    peer: socket.socket = writer.get_extra_info("socket")
    option = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(option)
    return pid, uid, gid
