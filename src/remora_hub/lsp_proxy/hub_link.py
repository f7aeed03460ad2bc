"""The hub's end of the proxy: where the root is, and the socket of the hub that runs there.

Where one does run, this is all that stands between an editor and its first answer: modules that take milliseconds to
import are imported only on the way to starting a hub.
"""

from __future__ import annotations

import json
import os
import socket
import struct

TYPE_CHECKING = False  # importing it from typing would take longer than finding the hub
if TYPE_CHECKING:
    from pathlib import Path

_STATE = ".remora"  # ``paths.STATE_DIRECTORY``
_LONGEST_CONNECT_S = 1.0
_MOST_LOCK_BYTES = 4096
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class Places:
    """A root, its hub's state, and the lock file there that names the hub's socket."""

    def __init__(self, root: str, state_dir: str) -> None:
        self.root = root
        self.state_dir = state_dir
        self.lock = os.path.join(state_dir, "hub.lock")


def find_places(folder: str | None, root: Path | None = None, state_dir: Path | None = None) -> Places:
    """The places for a workspace folder (a URI, or a path), or for the root that was named.

    The root is the one the folder lies in, the folder itself where nothing marks one. Without a folder the current
    directory is taken. Raises RootError, UsageError.
    """
    indexed = _indexed_root(folder) if root is None and state_dir is None else None
    if indexed is not None:
        return Places(indexed, os.path.join(indexed, _STATE))
    from remora_hub.paths import StatePaths, check_root

    paths = StatePaths(_root_of(folder) if root is None else check_root(root), state_dir)
    return Places(str(paths.root), str(paths.state_dir))


def connect(places: Places) -> socket.socket | None:
    """A connection to the hub that runs there; None if none answers that is this user's or root's."""
    try:
        with open(places.lock, "rb", opener=_open_at_once) as lock:
            address = str(json.loads(lock.read(_MOST_LOCK_BYTES))["socket"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
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


def _open_at_once(path: str, flags: int) -> int:
    """As ``paths.open_at_once``, whose import would take longer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)


def _indexed_root(folder: str | None) -> str | None:
    """What ``paths.find_root`` would find by the strongest of its marks; None if it takes more to find a root."""
    if folder is not None:
        folder = folder.removeprefix("file://")
        if not folder.startswith("/") or "%" in folder or "?" in folder or "#" in folder:
            return None
    directory = os.path.realpath(folder or ".")
    while not os.path.exists(os.path.join(directory, _STATE, "hub.db")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _root_of(folder: str | None) -> Path:
    from pathlib import Path

    from remora_hub.errors import RootError
    from remora_hub.paths import check_root, find_root, from_uri

    directory = Path() if folder is None else from_uri(folder) if "://" in folder else Path(folder)
    try:
        return find_root(directory)
    except RootError:
        return check_root(directory)
