"""The watcher: hints about what may have changed below a root, from watchfiles and from every doubt about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal

from remora_hub.discovery.rules import SourceRules
from remora_hub.errors import RootError
from remora_hub.watch.arming import PendingArming, carry_out, rescans
from remora_hub.watch.coverage import Coverage
from remora_hub.watch.heartbeat import Heartbeat
from remora_hub.watch.hints import Hints, PendingHints, Rescan
from remora_hub.watch.inbox import Inbox, RawEvents
from remora_hub.watch.mounts import Mount, MountTable, mounts_of, read_mounts, tells_by_inode, why_silent
from remora_hub.watch.notifier import Notifier, OpenEventSource, WatchError, open_inotify
from remora_hub.watch.sorting import Demands, sort_events
from remora_hub.watch.state import WatchCounters, WatchState

_HEARTBEAT_S = 0.25
_SUSPENDED_S = 1.0
_ROOT_CHECK_S = 1.0
_POLL_S = 1.0
_POLL_PAUSE = 9.0  # times what the comparison took: polling takes a tenth of a core at most
_EVIDENCE_S = 1.0  # events of what a comparison found may be on their way for so long
_SILENCE_S = 600.0  # how long evidence against events counts
_RETRY_S = 30.0
_FAILURE_PAUSE_S = 1.0
_FEW_EVENTS = 32


class Watcher:
    """Iterate over it for ``Hints``; they name every change below the root, sometimes more, never less.

    Events may be lost without a sign (DESIGN.md lists how), so every doubt about them becomes a ``Rescan``:
    directories that come, go or move; a burst; a process that stood still; a failure of the underlying watcher; a
    root that was replaced; a mount; and, in any case, ``reconcile_interval_s``. Where events tell too little, it polls
    as well: on file systems that others change, too, and where a comparison finds what no event has told of. So it
    does with ``polling`` at ``auto``; ``always`` is without events, ``never`` without polling. Hints that are not
    fetched are merged. Times are in the unit their names say; ``reconcile_interval_s`` may be set. All methods but the
    constructor belong to one event loop.
    """

    def __init__(
        self,
        root: Path,
        rules: SourceRules,
        *,
        debounce_ms: int = 50,
        step_ms: int = 5,
        reconcile_interval_s: float = 30.0,
        polling: Literal["auto", "always", "never"] = "auto",
        open_source: OpenEventSource = open_inotify,
        list_mounts: Callable[[], list[Mount]] = read_mounts,
    ) -> None:
        self._root = os.path.abspath(root)
        self._rules = rules
        self._debounce_ms = debounce_ms
        self._step_ms = step_ms
        self.reconcile_interval_s = reconcile_interval_s
        self._polling = polling
        self._open_source = open_source
        self._list_mounts = list_mounts
        self._mount_table = MountTable()
        self._mounts: tuple[Mount, ...] = ()
        self._events_before = 0
        self._silent_until_s = 0.0
        self._next_poll_s = 0.0
        self.counters = WatchCounters()
        self._state = WatchState("starting")
        self._root_identity: tuple[int, int] | None = None
        self._inbox = Inbox()
        self._inbox_filled = asyncio.Event()
        self._pending = PendingHints()
        self._pending_changed = asyncio.Event()
        self._arming = PendingArming()
        self._coverage = Coverage(Path(self._root), rules, self._open_notifier)
        self._armer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch-arming")
        self._sorter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch-sorting")
        self._tasks: list[asyncio.Task[None]] = []
        self._failed_at = -_FAILURE_PAUSE_S

    @property
    def state(self) -> WatchState:
        """How the watcher stands."""
        return self._state

    @property
    def directories(self) -> int:
        """How many directories are watched."""
        return len(self._coverage.directories)

    async def start(self, listed: Callable[[], dict[str, int] | None] | None = None) -> None:
        """Arm everything; what changes after this returns is hinted at. Raises ``RootError``.

        ``listed`` gives the directories where they have been listed a moment ago, None where not; it may block.

        Directories may have come while it was being armed: ``ensure`` is to be told what a walk behind this finds.
        If the kernel will not watch, that is no error: the watcher polls and tries again (``state``).
        """
        self._loop = asyncio.get_running_loop()
        self._root_identity = self._identity()
        if self._root_identity is None:
            raise RootError("watch", self._root, "no such directory")
        self._mounts = mounts_of(self._root, self._list_mounts())
        if self._polling == "always":
            self._state = self._settled_state()
        else:
            await self._arm(Demands(rearm="start"), partial(self._coverage.begin, listed))
            self._pending.take()  # the caller walks everything after this anyway
        running = (self._arm_forever(), self._sort_forever(), self._tick_forever())
        self._tasks = [asyncio.create_task(one) for one in running]
        for task in self._tasks:
            task.add_done_callback(lambda _: self._pending_changed.set())

    def __aiter__(self) -> Watcher:
        return self

    async def __anext__(self) -> Hints:
        """The next hints; ends when the watcher is closed."""
        while not self._pending:
            if self._state.name == "closed":
                raise StopAsyncIteration
            for task in self._tasks:
                if task.done():
                    await task  # it never ends by itself: this raises why it did
            self._pending_changed.clear()
            await self._pending_changed.wait()
        return self._pending.take()

    def ensure(self, directories: Mapping[str, int]) -> None:
        """Cover directories that a walk found (path to inode), if they are not; they are hinted at once they are."""
        if self._polling == "always" or self._state.name not in ("watching", "polling"):
            return
        covered = self._coverage.directories
        lacking = [path for path, inode in directories.items() if covered.get(path) != inode]
        self._arming.add(
            Demands(follow=dict.fromkeys(lacking, "unwatched directory"), distrusted=set(lacking))
        )

    def compared(self, reason: str, changed: int, seconds: float) -> None:
        """A rescan of everything for ``reason`` found ``changed`` files to differ, and took ``seconds``.

        What a periodic one finds, though there was not one event since the one before, nobody has told of.
        """
        now_s = self._loop.time()
        self._next_poll_s = max(self._next_poll_s, now_s + _POLL_PAUSE * seconds)
        if reason == "periodic":
            events, self._events_before = self._events_before, self.counters.events
            if changed and events == self.counters.events and self._polling == "auto":
                self._loop.call_later(_EVIDENCE_S, self._judge_silence, events)

    async def close(self) -> None:
        """Stop watching; iteration ends. May be called twice."""
        self._state = WatchState("closed")
        self._pending_changed.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.to_thread(self._sorter.shutdown)
        await asyncio.to_thread(self._armer.shutdown)
        await asyncio.to_thread(self._coverage.close)
        self._mount_table.close()

    # Events ---------------------------------------------------------------------------------------------------------

    def _open_notifier(self, directories: Sequence[str]) -> Notifier:
        self.counters.armings += 1
        return Notifier(
            directories,
            debounce_ms=self._debounce_ms,
            step_ms=self._step_ms,
            deliver=self._deliver,
            failed=self._notifier_failed,
            open_source=self._open_source,
        )

    def _deliver(self, changes: Iterable[tuple[int, str]]) -> None:
        """Called in a notifier's thread."""
        if self._inbox.put(changes):
            self._call_on_loop(self._inbox_filled.set)

    def _notifier_failed(self, notifier: Notifier, reason: str) -> None:
        """Called in a notifier's thread."""
        self._call_on_loop(lambda: self._replace_failed(notifier, reason))

    def _call_on_loop(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            if not self._loop.is_closed():  # with the loop closed nobody waits for hints any more
                raise

    async def _sort_forever(self) -> None:
        while True:
            await self._inbox_filled.wait()
            self._inbox_filled.clear()
            events = self._inbox.take()
            self.counters.events += len(events.replaced)
            if self._silent_until_s:
                self._silent_until_s = 0.0
                self._settle()
            demands = await self._sort(events)
            if demands.rearm == "root changed":
                self._check_root()
            self._hint(demands.paths, [])
            self._arming.add(demands)

    async def _sort(self, events: RawEvents) -> Demands:
        """Many take some milliseconds, which the event loop does not have."""
        if len(events.replaced) <= _FEW_EVENTS:
            return sort_events(events, self._root, self._rules, self._coverage.directories)
        return await self._loop.run_in_executor(
            self._sorter, sort_events, events, self._root, self._rules, self._coverage.directories
        )

    def _replace_failed(self, notifier: Notifier, reason: str) -> None:
        if not self._coverage.watches(notifier):
            return
        self.counters.failures += 1
        since_s = self._loop.time() - self._failed_at
        self._failed_at = self._loop.time()
        pause_s = 0.0 if since_s > 10 * _FAILURE_PAUSE_S else _FAILURE_PAUSE_S
        self._loop.call_later(pause_s, self._arming.add, Demands(rearm=f"watcher failed: {reason}"))

    # Arming ---------------------------------------------------------------------------------------------------------

    async def _arm_forever(self) -> None:
        while True:
            await self._arming.wait()
            demands = self._arming.take()
            if demands.recheck and not tells_by_inode(self._mounts):
                demands.rearm = demands.recheck
            if self._root_identity is None or self._polling == "always":
                continue  # when the root is back, all is armed anew
            await self._arm(demands, partial(carry_out, self._coverage, demands))

    async def _arm(self, demands: Demands, change_coverage: Callable[[], None]) -> None:
        try:
            await self._loop.run_in_executor(self._armer, change_coverage)
        except (RootError, WatchError) as error:
            self._check_root()
            if self._root_identity is None:
                return
            self._state = WatchState("degraded", error.problem, error.hint)
            # A limit that is reached stays so for long, and a try costs a walk; a root that cannot be read costs none.
            pause_s = _RETRY_S if isinstance(error, WatchError) else _ROOT_CHECK_S
            self._next_retry_s = self._loop.time() + pause_s
        else:
            if self._root_identity is None:
                return  # noticed meanwhile
            if self._state.name != "degraded" or demands.rearm:
                self._state = self._settled_state()
        had_gap, self._coverage.had_gap = self._coverage.had_gap, False
        self._hint((), rescans(demands, had_gap))

    # Doubts ---------------------------------------------------------------------------------------------------------

    async def _tick_forever(self) -> None:
        heartbeat = Heartbeat(_HEARTBEAT_S)
        next_root_check_s = self._loop.time()
        reconciled_s = self._loop.time()
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            now_s = self._loop.time()
            if heartbeat.lateness_s() > _SUSPENDED_S:
                self._doubt(Demands(recheck="suspended"))
            self._check_mounts()
            if now_s >= next_root_check_s:
                next_root_check_s = now_s + _ROOT_CHECK_S
                self._check_root()
            if now_s >= reconciled_s + self.reconcile_interval_s:
                reconciled_s = now_s
                self._hint((), [Rescan("", "periodic")])
            if now_s >= self._next_poll_s and self._polls():
                self._next_poll_s = now_s + _POLL_S
                self._hint((), [Rescan("", "polling")])
            if self._state.name == "degraded" and now_s >= self._next_retry_s:
                self._next_retry_s = now_s + _RETRY_S  # until it is known how this try ended
                self._arming.add(Demands(rearm="watching again"))

    def _doubt(self, demands: Demands) -> None:
        """Anything may have happened."""
        self._arming.add(demands)
        if self._polling == "always":
            self._hint((), rescans(demands, had_gap=False))

    def _polls(self) -> bool:
        return self._polling != "never" and self._state.name in ("degraded", "polling")

    def _settled_state(self) -> WatchState:
        """How it stands where nothing is wrong."""
        if self._polling == "always":
            return WatchState("polling", "asked to do without kernel events")
        if self._polling == "auto" and (reason := why_silent(self._root, self._mounts)):
            return WatchState("polling", reason)
        if self._silent_until_s:
            return WatchState("polling", "changes were found that no event had told of")
        return WatchState("watching")

    def _settle(self) -> None:
        if self._state.name in ("watching", "polling"):
            self._state = self._settled_state()

    def _judge_silence(self, events: int) -> None:
        if events == self.counters.events and self._state.name == "watching":
            self._silent_until_s = self._loop.time() + _SILENCE_S
            self._settle()

    def _check_mounts(self) -> None:
        if 0.0 < self._silent_until_s <= self._loop.time():
            self._silent_until_s = 0.0
            self._settle()
        if not self._mount_table.has_changed():
            return
        mounts = mounts_of(self._root, self._list_mounts())
        if mounts != self._mounts:
            self._mounts = mounts
            self._settle()
            self._doubt(Demands(rearm="mounts changed"))

    def _check_root(self) -> None:
        identity = self._identity()
        if identity == self._root_identity:
            return
        self._root_identity = identity
        if identity is None:
            self._state = WatchState(
                "root missing", f"{self._root} is not there", "bring it back, or stop the hub"
            )
            return
        self._state = self._settled_state()
        self._doubt(Demands(rearm="root replaced"))

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._root)
        except OSError:
            return None
        return (status.st_dev, status.st_ino) if os.path.isdir(self._root) else None

    def _hint(self, paths: Iterable[str], rescan: Iterable[Rescan]) -> None:
        if self._root_identity is None:
            return  # nothing can be compared with a root that is missing; all is, when it returns
        self._pending.add_paths(paths)
        for one in rescan:
            self.counters.rescans[one.reason] += 1
            self._pending.add_rescan(one)
        if self._pending:
            self._pending_changed.set()
