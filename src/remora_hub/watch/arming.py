"""Directories waiting to be covered, gathered while an earlier arming is still under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from remora_hub.watch.coverage import Coverage
from remora_hub.watch.hints import Rescan, is_below
from remora_hub.watch.sorting import Demands


class PendingArming:
    """Merges demands; ``wait`` for some, then ``carry_out`` all of them at once, in a thread."""

    def __init__(self) -> None:
        self._demands = Demands()
        self._wanted = asyncio.Event()

    def add(self, demands: Demands) -> None:
        """Add all but the paths of these demands."""
        self._demands.follow |= demands.follow
        self._demands.distrusted |= demands.distrusted
        self._demands.rules_changed |= demands.rules_changed
        self._demands.rearm = self._demands.rearm or demands.rearm
        self._demands.recheck = self._demands.recheck or demands.recheck
        if self._demands.follow or self._demands.rearm or self._demands.recheck:
            self._wanted.set()

    async def wait(self) -> None:
        """Until something is demanded."""
        await self._wanted.wait()

    def take(self) -> Demands:
        """All demands; nothing is pending afterwards."""
        demands, self._demands = self._demands, Demands()
        self._wanted.clear()
        return demands


def carry_out(coverage: Coverage, demands: Demands) -> None:
    """Change the coverage as demanded. Blocks; raises what ``Coverage`` raises."""
    if demands.rearm:
        coverage.rearm()
        return
    if demands.recheck:
        coverage.recheck()
        return
    if demands.rules_changed:
        coverage.unwatch_ignored(topmost(demands.rules_changed))
    if demands.follow:
        coverage.follow(topmost(demands.follow), demands.distrusted)


def rescans(demands: Demands, had_gap: bool) -> list[Rescan]:
    """What must be compared with the disk once the demands are carried out."""
    if demands.rearm or demands.recheck or had_gap:
        return [Rescan("", demands.rearm or demands.recheck or "watches were let go")]
    return [Rescan(directory, demands.follow[directory]) for directory in topmost(demands.follow)]


def topmost(directories: Iterable[str]) -> list[str]:
    """Those that lie below no other; a rescan of one covers all below it."""
    kept: list[str] = []
    for directory in sorted(directories, key=lambda path: path.split("/") if path else []):
        if not kept or not is_below(directory, kept[-1]):
            kept.append(directory)
    return kept
