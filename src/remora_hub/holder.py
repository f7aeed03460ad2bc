"""Who holds a root: what ``hub.lock`` tells a second daemon, and clients that look for the socket."""

from __future__ import annotations

from pathlib import Path

import msgspec

from remora_hub.paths import open_at_once

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
