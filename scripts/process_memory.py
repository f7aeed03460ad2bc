"""What a tree of processes takes: memory in proportional shares (PSS), and processor time, to see when it rests."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

_LOOK_EVERY_S = 0.25
_RESTING_S = 1.0
_RESTING_SHARE = (
    0.1  # of one core; the kernel counts in steps of 10 ms, and whoever watches files never quite rests
)


def process_tree(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes of ``pids`` and all below them that live."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # it has just ended
            process = psutil.Process(pid)
            found |= {one.pid: one for one in (process, *process.children(recursive=True))}
    return list(found.values())


def tree_pss_mb(pids: Iterable[int]) -> float:
    """Memory of the trees in MB, pages that several processes share counted once."""
    total = 0
    for process in process_tree(pids):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / 1e6


def wait_until_resting(pids: Iterable[int], longest_s: float) -> None:
    """Return once the trees have used next to no processor for a second, or after ``longest_s``."""
    watched = list(pids)
    deadline = time.monotonic() + longest_s
    resting_since, used = time.monotonic(), _processor_s(watched)
    while (now := time.monotonic()) < deadline and now - resting_since < _RESTING_S:
        time.sleep(_LOOK_EVERY_S)  # between two looks at the clocks of processes, which announce nothing
        before, used = used, _processor_s(watched)
        if used - before > _RESTING_SHARE * _LOOK_EVERY_S:
            resting_since = time.monotonic()


def _processor_s(pids: Iterable[int]) -> float:
    total = 0.0
    for process in process_tree(pids):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total
