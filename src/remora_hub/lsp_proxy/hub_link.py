"""The hub's end of the proxy: found by the root, connected to, started where none runs."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from remora_hub.errors import RootError
from remora_hub.paths import StatePaths, check_root, find_root, from_uri

_LONGEST_CONNECT_S = 1.0
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED
_TEMPORARY_FAILURE = 75  # another hub was just being started


class Launcher(Protocol):
    """How a hub comes to run where none does."""

    def launch(self, paths: StatePaths) -> None:
        """Begin to start one, unless that is under way."""

    def failure(self) -> str | None:
        """Why the last one could not be started, told once; None while that is not known."""


class DaemonLauncher:
    """Starts the daemon as ``remora-hub start`` does, with further command-line ``options``."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, paths: StatePaths) -> None:
        """Begin to start one, unless that is under way."""
        if self._process is not None:
            return
        command = [sys.executable, "-P", "-m", "remora_hub", "start", str(paths.root), *self._options]
        # Of a session of its own: the editor's end is not the daemon's, not even while it starts.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def failure(self) -> str | None:
        """Why the last one could not be started, told once."""
        process = self._process
        if process is None or process.poll() is None:
            return None
        self._process = None
        assert process.stderr is not None
        with process.stderr:
            words = process.stderr.read().decode(errors="replace").strip()
        if process.returncode in (0, _TEMPORARY_FAILURE):
            return None
        return words.rpartition("\n")[2] or f"remora-hub start ended with status {process.returncode}"


def root_of(folder: str | None) -> Path:
    """The root a workspace folder (a URI, or a path) lies in, the folder itself where nothing marks one.

    Without a folder the current directory is taken. Raises RootError, UsageError.
    """
    directory = Path() if folder is None else from_uri(folder) if "://" in folder else Path(folder)
    try:
        return find_root(directory)
    except RootError:
        return check_root(directory)


def connect(paths: StatePaths) -> socket.socket | None:
    """A connection to the hub of ``paths``; None if none answers that is this user's or root's."""
    try:
        address = str(json.loads(paths.lock.read_bytes())["socket"])
    except (OSError, ValueError, KeyError, TypeError):
        address = str(paths.socket)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_LONGEST_CONNECT_S)  # a frozen hub does not accept
        connection.connect(address)
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(found)[1] in (0, os.geteuid()):
            connection.setblocking(False)
            return connection
    except OSError:
        pass
    connection.close()
    return None
