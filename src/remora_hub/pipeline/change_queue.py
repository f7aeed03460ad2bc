"""The bounded queue of paths to be looked at: one entry a path, by priority, first in first out, nothing ever lost.

It holds no states of files: whoever takes a path reads its newest state from the disk. What does not fit becomes a mark
on a directory to be rescanned, or makes the putter wait, as the policy says. A path whose file turned out to be slow
waits apart, as a suspect, where it stops nobody. Lives on one event loop; needs no locks.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum, IntEnum, auto
from typing import Literal

import msgspec

from remora_hub.metrics.histogram import Histogram

Policy = Literal["reconcile", "block", "shed_oldest"]

_TURNS_BEFORE_LOWER = 8  # after so many takes from higher priorities a waiting lower one has its turn


class Priority(IntEnum):
    """Lower goes first."""

    LOOKED_AT = 0
    CHANGED = 1
    RECONCILE = 2


class Outcome(Enum):
    """What became of a path that was taken.

    ``STORED``: its state is in the store. ``OVERTAKEN``: a state is that has changed on disk since, so it is looked at
    again. ``DISCARDED``: no state is, since it changed meanwhile; again. ``POSTPONED``: again, as a suspect.
    """

    STORED = auto()
    OVERTAKEN = auto()
    DISCARDED = auto()
    POSTPONED = auto()


class QueueCounters(msgspec.Struct):
    """Counts since the start. ``waits`` are putters that had to wait, ``merges`` puts of a path that was there already,
    ``rescans`` paths that became a mark on their directory, ``high_water`` the greatest depth.
    """

    put: int = 0
    waits: int = 0
    merges: int = 0
    rescans: int = 0
    high_water: int = 0


class Entry(msgspec.Struct):
    """One path waiting or being worked on. ``finished`` are told when its newest state is in the store.

    ``since_s`` is when it was put, by the monotonic clock: of what is looked at again, the first time.
    ``is_suspect``: only ``take_suspect`` gives it out, until a state of it is stored.
    """

    path: str
    priority: Priority
    is_suspect: bool = False
    finished: list[asyncio.Future[None]] = msgspec.field(default_factory=list)
    since_s: float = msgspec.field(default_factory=time.monotonic)


class ChangeQueue:
    """``size`` paths at most, those being worked on included, and as many suspects beside them.

    A queue full of suspects would make the others wait for the parser's time limit after all. ``mark_rescan`` is called
    with the directory of a path that does not fit.
    """

    def __init__(self, size: int, policy: Policy, mark_rescan: Callable[[str], None]) -> None:
        self.counters = QueueCounters()
        self.wait_s = Histogram()
        self._size = size
        self._policy = policy
        self._mark_rescan = mark_rescan
        self._levels: dict[Priority, OrderedDict[str, Entry]] = {level: OrderedDict() for level in Priority}
        self._suspects: OrderedDict[str, Entry] = OrderedDict()
        self._suspects_in_work = 0
        self._working: dict[str, Entry] = {}
        self._again: dict[str, Entry] = {}
        self._turns = 0
        self._has_work, self._has_suspects, self._has_room = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def limit(self, size: int, policy: Policy) -> None:
        """Set another size and policy. What is inside stays, be it more than fits from now on."""
        self._size, self._policy = size, policy
        self._has_room.set()  # whoever waits for room looks again

    @property
    def depth(self) -> int:
        """Paths waiting; suspects and those being worked on are not counted."""
        return sum(map(len, self._levels.values()))

    @property
    def pending(self) -> int:
        """Paths waiting or being worked on, suspects included."""
        return self.depth + len(self._suspects) + len(self._working)

    @property
    def suspects(self) -> list[str]:
        """Paths that wait apart, because they take the parser long."""
        return list(self._suspects)

    @property
    def oldest_s(self) -> float:
        """For how long the oldest path has been waiting or worked on, in seconds; 0 if there is none."""
        groups = (*self._levels.values(), self._suspects, self._working, self._again)
        oldest = min((entry.since_s for entries in groups for entry in entries.values()), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    @property
    def in_work(self) -> list[str]:
        """Paths being worked on."""
        return list(self._working)

    async def put(self, path: str, priority: Priority) -> None:
        """Have ``path`` looked at. When the queue is full, the policy decides what becomes of it; it is never lost."""
        if self._merge(path, priority) is not None:
            return
        if self._is_full:
            if self._policy == "block":
                await self._wait_for_room()
            elif self._policy == "reconcile" or not self._shed_oldest():
                self._give_up(path)
                return
        self._add(path, priority)

    async def put_for(self, path: str, priority: Priority) -> asyncio.Future[None]:
        """Have ``path`` looked at, waiting for room if need be; the future is done when the store has its state."""
        entry = self._merge(path, priority)
        if entry is None:
            await self._wait_for_room()
            entry = self._add(path, priority)
        finished = asyncio.get_running_loop().create_future()
        entry.finished.append(finished)
        return finished

    async def take(self, limit: int) -> list[str]:
        """Wait for paths and take some: at most ``limit``, none that is being worked on. Each must be ``finish``ed."""
        while not any(self._levels.values()):
            self._has_work.clear()
            await self._has_work.wait()
        taken: list[str] = []
        while len(taken) < limit and (entry := self._next()) is not None:
            self._working[entry.path] = entry
            self.wait_s.observe(time.monotonic() - entry.since_s)
            taken.append(entry.path)
        return taken

    async def take_suspect(self) -> str:
        """Wait for a suspect and take it, whatever its priority: first in, first out. It must be ``finish``ed."""
        while not self._suspects:
            self._has_suspects.clear()
            await self._has_suspects.wait()
        path, entry = self._suspects.popitem(last=False)
        self._working[path] = entry
        self._suspects_in_work += 1
        return path

    def finish(self, path: str, outcome: Outcome = Outcome.STORED) -> None:
        """A taken path is done, or waits again: behind all others of its priority."""
        entry = self._working.pop(path)
        self._suspects_in_work -= entry.is_suspect
        following = self._again.pop(path, None)
        if outcome is not Outcome.STORED:
            following = following or Entry(path, entry.priority)
            following.is_suspect = outcome is Outcome.POSTPONED or entry.is_suspect
        if outcome in (Outcome.STORED, Outcome.OVERTAKEN):
            for finished in entry.finished:
                if not finished.done():
                    finished.set_result(None)
        elif following is not None:
            following.finished += entry.finished
            following.since_s = entry.since_s
        if following is not None and following.is_suspect:
            self._suspects[path] = following
            self._has_suspects.set()
        elif following is not None:
            self._levels[following.priority][path] = following
            self._has_work.set()
        self._has_room.set()

    @property
    def _is_full(self) -> bool:
        apart = len(self._suspects) + self._suspects_in_work
        return self.pending - min(apart, self._size) >= self._size

    def _merge(self, path: str, priority: Priority) -> Entry | None:
        """The entry already waiting for ``path``, if there is one; it moves up if ``priority`` is higher.

        A path that is being worked on gets a second entry: its reader may have been too early. A suspect stays one,
        though its bytes may be others by now: one that is saved again and again would hold up the others each time.
        """
        suspect = self._suspects.get(path)
        if suspect is not None:
            self.counters.merges += 1
            return suspect
        for level, entries in self._levels.items():
            entry = entries.get(path)
            if entry is not None:
                self.counters.merges += 1
                if priority < level:
                    del entries[path]
                    entry.priority = priority
                    self._levels[priority][path] = entry
                return entry
        if path in self._working:
            self.counters.merges += 1
            entry = self._again.setdefault(path, Entry(path, priority))
            entry.priority = min(entry.priority, priority)
            return entry
        return None

    def _add(self, path: str, priority: Priority) -> Entry:
        entry = self._merge(path, priority)  # it may have come while this one waited for room
        if entry is None:
            entry = self._levels[priority][path] = Entry(path, priority)
            self.counters.put += 1
            self.counters.high_water = max(self.counters.high_water, self.depth)
            self._has_work.set()
        return entry

    async def _wait_for_room(self) -> None:
        if not self._is_full:
            return
        self.counters.waits += 1
        while self._is_full:
            self._has_room.clear()
            await self._has_room.wait()

    def _shed_oldest(self) -> bool:
        """Turn the oldest entry of the lowest priority that nobody waits for into a rescan; False if there is none."""
        for entries in reversed(self._levels.values()):
            for path, entry in entries.items():
                if not entry.finished:
                    del entries[path]
                    self._give_up(path)
                    return True
        return False

    def _give_up(self, path: str) -> None:
        self.counters.rescans += 1
        self._mark_rescan(path.rpartition("/")[0])

    def _next(self) -> Entry | None:
        """The next entry by priority; every few turns the lowest one that waits, so that none waits for ever."""
        waiting = [entries for entries in self._levels.values() if entries]
        if not waiting:
            return None
        is_turn_of_lower = (self._turns + 1) % _TURNS_BEFORE_LOWER == 0
        entries = waiting[-1] if is_turn_of_lower else waiting[0]
        self._turns += 1
        return entries.popitem(last=False)[1]
