"""How the watcher stands, for status and for people."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import msgspec

WatchName = Literal["starting", "watching", "polling", "degraded", "root missing", "closed"]


class WatchState(msgspec.Struct, frozen=True):
    """``watching``: by kernel events. ``polling``: comparing the tree all the time, since it was asked for, or since
    events tell too little there. ``degraded``: could not have events, polls meanwhile and tries again; ``detail`` says
    why, ``remedy`` what a person can do about it.
    """

    name: WatchName
    detail: str = ""
    remedy: str = ""


class WatchCounters(msgspec.Struct):
    """Counts since the start: raw events, instances opened, failures of the underlying watcher, rescans by reason."""

    events: int = 0
    armings: int = 0
    failures: int = 0
    rescans: Counter[str] = msgspec.field(default_factory=Counter)
