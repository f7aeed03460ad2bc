"""The parse lanes: at most one process per core, started when needed, let go when idle, replaced when they die."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec

from remora_hub.errors import LaneError
from remora_hub.facts import PackedFile
from remora_hub.logs import get_logger
from remora_hub.metrics.histogram import Histogram
from remora_hub.pipeline.lane import Lane, LaneFailed, Request

# A file that kills a lane once may have been unlucky; one that does it twice is quarantined.
_DEATHS_ALLOWED = 1
# How long a file may take while others wait behind it: at most so many seconds, and so much of the limit.
_PATIENCE_S = 0.5
_PATIENCE = 0.25
_HURRIED = 0.5  # of the patience
_LEAST_PATIENCE = 0.25  # of the patience, when others have used it up
# A lane that has been at work on one file for so much of the patience counts as held up.
_HELD_UP = 0.5
_MOST_EXTRA_LANES = 3

log = get_logger(__name__)


class Refusal(msgspec.Struct, frozen=True):
    """A file that no lane could extract: ``status`` is ``timed_out`` or ``quarantined`` (``kinds.FileStatus``)."""

    status: str
    detail: str


class Postponed(msgspec.Struct, frozen=True):
    """A file that took so long that others went first; ``extract`` it alone, unhurried, to give it the whole limit."""

    path: str


class LaneCounters(msgspec.Struct):
    """Counts since the start: lanes started, files extracted, and postponed, lanes killed or dead over a file."""

    started: int = 0
    extracted: int = 0
    postponed: int = 0
    timed_out: int = 0
    died: int = 0


class _Fleet(msgspec.Struct):
    """``idle`` are lanes not in use, the most recently used last; ``running`` counts all, also those being started."""

    idle: list[Lane] = msgspec.field(default_factory=list)
    in_use: set[Lane] = msgspec.field(default_factory=set)
    running: int = 0
    is_closed: bool = False


class ParseLanes:
    """Shared by all threads that index. ``extract`` blocks its thread until a lane is free.

    There are ``count`` lanes, and one more for each that is held up by a file, up to three, so that they stop nobody.
    """

    def __init__(self, count: int, *, limit_s: float, idle_s: float) -> None:
        self.count = count
        self.counters = LaneCounters()
        self.parse_s = Histogram()
        self.limit_s = limit_s
        self._patience_s = min(_PATIENCE_S, limit_s * _PATIENCE)
        self._is_hurried = False
        self.idle_s = idle_s
        self._fleet = _Fleet()
        self._changed = threading.Condition()
        # A lane is killed by the kernel when the thread that started it ends, so one thread that lasts starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="lane-starter")

    def hurried(self) -> ParseLanes:
        """The same lanes, for those who must not be held up: a file that takes long is postponed even if alone."""
        hurried = copy.copy(self)
        hurried._is_hurried = True
        hurried._patience_s = self._patience_s * _HURRIED
        return hurried

    def extract(
        self, requests: Sequence[Request]
    ) -> Iterator[tuple[Request, PackedFile | Refusal | Postponed]]:
        """Yield each request with its facts, or with why there are none, in order.

        A lane that dies or has to be killed costs only the file that did it; the others go to another lane. A request
        that comes alone is never postponed, unless hurried. Each that is postponed leaves less patience for those
        behind it, for they all hold up the same ones. Raises LaneError if no lane can be started, or all are closed.
        """
        is_alone = len(requests) == 1 and not self._is_hurried
        patience_s = self._patience_s
        deaths = 0
        position = 0
        while position < len(requests):
            # After a death the suspect runs alone, so that nothing else can be blamed for a second one.
            batch = requests[position : position + 1] if deaths else requests[position:]
            limit_s = self.limit_s if is_alone else patience_s
            try:
                with self._lane() as lane:
                    began_s = time.perf_counter()
                    # To be postponed is no verdict, so that the others need not wait for a fair one.
                    answers = lane.extract(batch, limit_s, is_fair=is_alone)
                    for request, packed in zip(batch, answers, strict=True):
                        position += 1
                        deaths = 0
                        self.counters.extracted += 1
                        self.parse_s.observe(time.perf_counter() - began_s)
                        yield request, packed
                        began_s = time.perf_counter()
            except LaneFailed as failure:
                if failure.kind == "retired":
                    continue
                deaths += 1
                outcome = self._judge(requests[position].path, failure, deaths, is_alone=is_alone)
                if outcome is not None:
                    patience_s = max(patience_s / 2, self._patience_s * _LEAST_PATIENCE)
                    yield requests[position], outcome
                    position += 1
                    deaths = 0

    def warm_up(self) -> None:
        """Start all lanes, so that they are up by the time there is something to extract. Returns at once."""
        for _ in range(self.count):
            self._starter.submit(self._add_idle_lane)

    def reap(self) -> None:
        """Let go of lanes that have been idle for long."""
        oldest = time.monotonic() - self.idle_s
        with self._changed:
            idle = [lane for lane in self._fleet.idle if lane.idle_since < oldest]
            self._fleet.idle = [lane for lane in self._fleet.idle if lane.idle_since >= oldest]
            self._fleet.running -= len(idle)
        for lane in idle:
            lane.close()

    @property
    def busy(self) -> int:
        """Lanes at work."""
        return len(self._fleet.in_use)

    def pids(self) -> list[int]:
        """Process ids of the lanes."""
        with self._changed:
            return [lane.pid for lane in (*self._fleet.idle, *self._fleet.in_use)]

    def close(self) -> None:
        """Kill all lanes, also in the middle of a file, and refuse new work: whoever waits for one gets a LaneError."""
        with self._changed:
            self._fleet.is_closed = True
            idle, self._fleet.idle = self._fleet.idle, []
            for lane in self._fleet.in_use:
                lane.kill()
            self._changed.notify_all()
        for lane in idle:
            lane.close()
        self._starter.shutdown(cancel_futures=True)

    def _judge(
        self, path: str, failure: LaneFailed, deaths: int, *, is_alone: bool
    ) -> Refusal | Postponed | None:
        if failure.kind == "timed_out":
            if not is_alone:
                self.counters.postponed += 1
                return Postponed(path)
            self.counters.timed_out += 1
            return _refused(path, "timed_out", f"parsing took longer than {self.limit_s:g} s")
        self.counters.died += 1
        if deaths > _DEATHS_ALLOWED:
            return _refused(path, "quarantined", f"the parser crashed on it twice ({failure.detail})")
        return None

    @contextmanager
    def _lane(self) -> Iterator[Lane]:
        lane = self._take()
        with self._changed:
            self._fleet.in_use.add(lane)
            if self._fleet.is_closed:
                lane.kill()
        try:
            yield lane
        finally:
            with self._changed:
                self._fleet.in_use.discard(lane)
            self._give_back(lane)

    def _take(self) -> Lane:
        with self._changed:
            while True:
                if self._fleet.is_closed:
                    raise LaneError("parse", reason="the hub is stopping")
                while self._fleet.idle:
                    lane = self._fleet.idle.pop()
                    if lane.is_alive():
                        return lane
                    lane.close()  # it retired, or something outside killed it between files
                    self._fleet.running -= 1
                if self._fleet.running < self._most():
                    self._fleet.running += 1
                    break
                self._changed.wait(self._patience_s / 4)  # nothing tells that a lane has become slow
        try:
            return self._start()
        except BaseException:
            self._forget()
            raise

    def _start(self) -> Lane:
        self.counters.started += 1
        return self._starter.submit(Lane).result()

    def _most(self) -> int:
        """How many lanes there may be right now."""
        slow = sum(lane.is_slower_than(self._patience_s * _HELD_UP) for lane in self._fleet.in_use)
        return self.count + min(slow, _MOST_EXTRA_LANES)

    def _give_back(self, lane: Lane) -> None:
        with self._changed:
            is_wanted = self._fleet.running <= self._most() and not self._fleet.is_closed
            if is_wanted and lane.is_alive():
                self._fleet.idle.append(lane)
                self._changed.notify()
                return
        lane.close()
        self._forget()

    def _forget(self) -> None:
        with self._changed:
            self._fleet.running -= 1
            self._changed.notify()

    def _add_idle_lane(self) -> None:
        with self._changed:
            if self._fleet.is_closed or self._fleet.running >= self.count:
                return
            self._fleet.running += 1
        try:
            lane = Lane()
        except LaneError:
            self._forget()  # whoever needs a lane tries again and hears why
            return
        self.counters.started += 1
        self._give_back(lane)


def _refused(path: str, status: str, detail: str) -> Refusal:
    remedy = "none is needed: remora-hub status --omitted lists it until it changes"
    log.warning("file.not_parsed", path=path, status=status, detail=detail, remedy=remedy)
    return Refusal(status, detail)
