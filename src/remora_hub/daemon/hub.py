"""The daemon: holds the root's lock, listens, lives through sessions; a damaged store ends one and begins the next."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remora_hub import __version__
from remora_hub.config import HubConfig
from remora_hub.daemon.lock import RootLock
from remora_hub.daemon.session import Session
from remora_hub.daemon.status import hub_state, session_status
from remora_hub.errors import CorruptStoreError, HubError, StoreError, SyncTimeoutError
from remora_hub.feed.feed import Feed
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths
from remora_hub.pipeline.progress import Progress
from remora_hub.query.symbols import Symbol
from remora_hub.server.endpoint import Endpoint
from remora_hub.server.hub_methods import HubMethods
from remora_hub.store import set_aside
from remora_hub.store.node_state_store import NodeStateStore

log = get_logger(__name__)


class Hub:
    """The running hub of one root; what ``server.backend.Backend`` asks for."""

    def __init__(self, paths: StatePaths, config: HubConfig) -> None:
        self._paths = paths
        self._config = config
        self._session: Session | None = None
        self._stopping = asyncio.Event()
        self._started = time.time()
        self._endpoint = Endpoint(
            paths,
            HubMethods(self).table(),
            max_frame_bytes=config.server.max_frame_bytes,
            max_requests=config.server.max_requests_per_connection,
            max_connections=config.server.max_connections,
        )

    async def run(self, on_session: Callable[[Session], None] | None = None) -> None:
        """Run until ``stop``, SIGTERM or SIGINT. ``on_session`` is told each session before it begins.

        Raises AlreadyRunningError, RootError, StoreError.
        """
        self._paths.prepare()
        with RootLock(self._paths):
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
            await self._endpoint.start()
            log.info(
                "hub.started", root=str(self._paths.root), pid=os.getpid(), socket=str(self._paths.socket)
            )
            try:
                while not self._stopping.is_set():
                    await self._run_session(on_session)
            finally:
                await self._endpoint.close()
                log.info("hub.stopped")

    def stop(self) -> None:
        """Begin to shut down."""
        self._stopping.set()

    @property
    def store(self) -> NodeStateStore:
        """The open store."""
        return self._current().store

    @property
    def feed(self) -> Feed:
        """Live commits."""
        return self._current().feed

    @property
    def pending(self) -> int:
        """Files known to be behind the disk."""
        return self._current().pending

    @property
    def progress(self) -> Progress | None:
        """How far the cold start is."""
        return None if self._session is None else self._session.cold_start.progress

    async def search_symbols(self, query: str, kind: str | None, limit: int) -> list[Symbol]:
        """Search for symbols by name."""
        return await self._current().search_symbols(query, kind, limit)

    async def sync(self, timeout_s: float | None) -> None:
        """Return once everything on disk before the call is in the index."""
        limit_s = timeout_s or self._config.server.sync_timeout_s
        session = self._current()
        try:
            async with asyncio.timeout(limit_s):
                await session.reconciler.sync()
        except TimeoutError:
            reason = f"{session.pending} files are still pending after {limit_s:g} s"
            raise SyncTimeoutError(
                "bring the index up to date", reason=reason, hint="wait longer, or ask for status"
            ) from None

    async def status(self) -> dict[str, Any]:
        """How the hub stands."""
        status: dict[str, Any] = {
            "state": hub_state(self._session),
            "root": str(self._paths.root),
            "pid": os.getpid(),
            "version": __version__,
            "socket": str(self._paths.socket),
            "uptime_s": round(time.time() - self._started, 1),
            "clients": self._endpoint.clients,
        }
        return status if self._session is None else {**status, **await session_status(self._session)}

    async def _run_session(self, on_session: Callable[[Session], None] | None) -> None:
        """One session, until the hub is stopped or the store turns out to be damaged."""
        try:
            async with await Session.open(self._paths, self._config) as session:
                self._session = session
                if on_session is not None:
                    on_session(session)
                await self._until_stopped(session)
        except CorruptStoreError as error:
            self._rebuild(error)
        finally:
            self._session = None

    async def _until_stopped(self, session: Session) -> None:
        running = asyncio.create_task(session.run())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        except BaseExceptionGroup as group:
            raise _first_hub_error(group) from group
        finally:
            for task in (running, stopping):
                task.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)

    def _rebuild(self, error: CorruptStoreError) -> None:
        """Set a damaged database aside, so that the next session makes a new one."""
        kept: Path | None = set_aside(self._paths.database)
        log.error("store.damaged", reason=str(error), kept=str(kept), remedy="the index is rebuilt by itself")

    def _current(self) -> Session:
        if self._session is None:
            store_error = StoreError(
                "answer from", str(self._paths.database), "the index is being opened", "try again"
            )
            store_error.recoverable = True
            raise store_error
        return self._session


def _first_hub_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to act on among those that ended a session's tasks: damage before anything else."""
    found: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        if isinstance(error, BaseExceptionGroup):
            pending += error.exceptions
        else:
            found.append(error)
    return min(
        found, key=lambda error: (not isinstance(error, CorruptStoreError), not isinstance(error, HubError))
    )
