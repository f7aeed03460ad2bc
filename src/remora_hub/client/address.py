"""Where a root's daemon listens, and whether it is the user's own."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Protocol

from remora_hub.errors import NotRunningError
from remora_hub.holder import read_holder
from remora_hub.paths import StatePaths

LONGEST_CONNECT_S = 5.0  # a frozen daemon does not accept

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class _Socket(Protocol):
    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """As ``socket.socket.getsockopt``."""


def daemon_address(paths: StatePaths) -> str:
    """The socket its lock file names, else the one it would make."""
    holder = read_holder(paths.lock)
    return holder.socket if holder else str(paths.socket)


def check_peer(connection: _Socket) -> None:
    """Raise PermissionError unless whoever listens is this user or root: a lock file may name any socket."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    if uid not in (0, os.geteuid()):
        raise PermissionError(errno.EPERM, f"its socket belongs to user {uid}")


def not_reached(paths: StatePaths, error: OSError) -> NotRunningError:
    """The error for a root whose daemon could not be connected to."""
    reason = error.strerror or str(error) or "it does not accept connections"
    return NotRunningError("reach a hub for", str(paths.root), reason, "start one with: remora-hub start")
