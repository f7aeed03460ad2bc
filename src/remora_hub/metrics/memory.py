"""What the hub's processes take of the machine's memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_SIZE = re.compile(r"^(Pss|Rss):\s+(\d+) kB$", re.MULTILINE)


class Memory(NamedTuple):
    """In bytes: ``pss`` divides what is shared among those who share it, ``rss`` counts it in full."""

    pss: int
    rss: int


def hub_memory(lanes: Iterable[int]) -> dict[str, Memory]:
    """The memory of this process (``daemon``) and of its parse lanes (``lanes``). Reads /proc: for a thread."""
    return {"daemon": _sum([os.getpid()]), "lanes": _sum(lanes)}


def _sum(pids: Iterable[int]) -> Memory:
    """See proc(5), ``smaps_rollup``: lines of a name and kibibytes."""
    pss = rss = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue  # it has ended
        sizes = dict(_SIZE.findall(text))
        pss += int(sizes.get("Pss", 0)) * 1024
        rss += int(sizes.get("Rss", 0)) * 1024
    return Memory(pss, rss)
