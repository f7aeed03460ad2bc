"""Who holds a root: what ``hub.lock`` tells a second daemon, and clients that look for the socket."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Holder(msgspec.Struct):
    """The daemon's process id, and the socket it answers on."""

    pid: int
    socket: str


def read_holder(path: Path) -> Holder | None:
    """Who wrote the lock file last and has not unlocked it since; None if nobody or nothing readable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None
