"""Tells the service manager how the hub stands: its status line, and that event loop and writer get on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.daemon.session import Session
from remora_hub.errors import StoreError
from remora_hub.logs import get_logger

_TICK_S = 2.0
_TICKS_PER_WATCHDOG = 3
_EXTENSION_S = 30.0
# Beyond SQLite's own wait for a lock: a large commit, a checkpoint, a collection on a slow disk.
_LONGEST_WRITE_S = 30.0

log = get_logger(__name__)


class Supervision:
    """``run`` it beside the hub. ``session`` gives the open session, ``state`` the hub's word for how it is.

    The watchdog is told that all is well only from the event loop, and only while the writer of the store has come to
    its latest probe within ``busy_timeout_s`` and ``longest_write_s`` more. So a frozen loop and a stuck writer both
    end in a restart, and a database that somebody else keeps locked does not.
    """

    def __init__(
        self,
        manager: ServiceManager,
        session: Callable[[], Session | None],
        state: Callable[[], str],
        busy_timeout_s: Callable[[], float],
        longest_write_s: float = _LONGEST_WRITE_S,
    ) -> None:
        self._manager = manager
        self._session = session
        self._state = state
        self._busy_timeout_s = busy_timeout_s
        self._longest_write_s = longest_write_s
        self._probe: asyncio.Task[None] | None = None
        self._probed_at = 0.0
        self._is_stuck = False
        self._level_at = time.monotonic()
        self._counts: tuple[str, int, int, int] = ("", -1, 0, 0)
        self._done = -1

    async def run(self) -> None:
        """Until cancelled. Does nothing where nobody listens."""
        if not self._manager.listens:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._say_alive())
            tasks.create_task(self._say_status())  # apart: it reads, and readers may be busy for long

    async def _say_alive(self) -> None:
        watchdog_s = self._manager.watchdog_s
        tick_s = _TICK_S if watchdog_s is None else min(_TICK_S, watchdog_s / _TICKS_PER_WATCHDOG)
        while True:
            session = self._session()
            if self._writer_gets_on(session):
                self._manager.alive()
            self._ask_for_time(session)
            await asyncio.sleep(tick_s)

    async def _say_status(self) -> None:
        said = ""
        while True:
            text = await self._status()
            if text != said:
                said = text
                self._manager.status(text)
            await asyncio.sleep(_TICK_S)

    def _writer_gets_on(self, session: Session | None) -> bool:
        """Begin a probe unless one is under way; False once that has waited for too long."""
        now = time.monotonic()
        if self._probe is None or self._probe.done():
            self._is_stuck = False
            if session is not None:
                self._probed_at = now
                self._probe = asyncio.create_task(_probe(session))
            return True
        waited_s = now - self._probed_at
        if waited_s <= self._busy_timeout_s() + self._longest_write_s:
            return True
        if not self._is_stuck:
            self._is_stuck = True
            log.warning("store.writer_stuck", seconds=round(waited_s), remedy="the watchdog restarts the hub")
        return False

    def _ask_for_time(self, session: Session | None) -> None:
        """While the store is opened, and as long as a cold start gets on."""
        if session is None:
            self._manager.extend_timeout(_EXTENSION_S)
            return
        progress = session.cold_start.progress
        if not progress.is_finished and progress.done != self._done:
            self._done = progress.done
            self._manager.extend_timeout(_EXTENSION_S)

    async def _status(self) -> str:
        state, session = self._state(), self._session()
        if session is None:
            return state
        try:
            return await self._describe(session, state)
        except StoreError as error:  # it is being closed, or in trouble: the state says which
            log.debug("status.not_read", reason=str(error))
            return state

    async def _describe(self, session: Session, state: str) -> str:
        now = time.monotonic()
        if not session.pending:
            self._level_at = now
        key = (session.store.index_id, session.store.sequence())
        if key != self._counts[:2]:
            stats = await session.store.stats()
            self._counts = (*key, stats.files, stats.nodes)
        progress = session.cold_start.progress
        _, _, files, nodes = self._counts
        done = "" if progress.is_finished else f", {progress.done} of {progress.pending} read"
        queue, lag_s = session.queue.depth, now - self._level_at
        return f"{state}{done}: {files} files, {nodes} nodes; queue {queue}, lag {lag_s:.0f} s"


async def _probe(session: Session) -> None:
    try:
        await session.store.reach_writer()
    except StoreError as error:  # closed meanwhile: the next session has a writer of its own
        log.debug("store.probe_ended", reason=str(error))
