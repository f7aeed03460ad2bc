"""Who holds a root: what ``hub.lock`` tells a second daemon, and clients that look for the socket."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

_MOST_BYTES = 4096


class Holder(msgspec.Struct):
    """The daemon's process id, and the socket it answers on."""

    pid: int
    socket: str


def read_holder(path: Path) -> Holder | None:
    """Who wrote the lock file last and has not unlocked it since; None if nobody or nothing readable."""
    try:
        with open(path, "rb", opener=open_at_once) as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def open_at_once(path: str, flags: int) -> int:
    """For ``open``: of what an archive may have brought along, a FIFO is not waited for, and no link is followed."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
