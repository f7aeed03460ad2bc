"""The daemon: holds the root's lock, listens, lives through sessions; a damaged store ends one and begins the next."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from remora_hub import __version__
from remora_hub.answers import SearchResults
from remora_hub.config import HubConfig
from remora_hub.daemon.early_start import EarlyStart
from remora_hub.daemon.event_loop import run_until
from remora_hub.daemon.idle import wait_until_idle
from remora_hub.daemon.lock import RootLock
from remora_hub.daemon.measurements import measure
from remora_hub.daemon.monitoring import Monitoring
from remora_hub.daemon.places import Places
from remora_hub.daemon.problem_log import log_problems
from remora_hub.daemon.process import signals_handled
from remora_hub.daemon.reload import ConfigChange, Reloads
from remora_hub.daemon.sandbox import end_when_cut_off
from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.daemon.session import Session
from remora_hub.daemon.sessions import Sessions
from remora_hub.daemon.status import Problem, hub_state, one_line, session_status
from remora_hub.daemon.supervision import Supervision
from remora_hub.discovery.read import digest_of
from remora_hub.errors import SyncTimeoutError, UsageError
from remora_hub.facts import PackedFile
from remora_hub.feed.feed import Feed
from remora_hub.http.monitored import Monitored
from remora_hub.logs import configure_logs, get_logger
from remora_hub.metrics.catalogue import Samples
from remora_hub.paths import StatePaths
from remora_hub.pipeline.progress import Progress
from remora_hub.query.index import Index
from remora_hub.query.symbol_rows import Show
from remora_hub.server.backend import Indexing
from remora_hub.server.endpoint import Endpoint
from remora_hub.server.hub_methods import hub_methods
from remora_hub.server.lsp.language_server import LanguageServer
from remora_hub.server.summaries import Summaries
from remora_hub.server.viewed_files import ViewedFiles
from remora_hub.store.node_state_store import NodeStateStore

T = TypeVar("T")

_LOOK_EVERY_S = 0.5

log = get_logger(__name__)


class Hub:
    """The running hub of one root; what ``server.backend.Backend`` asks for.

    ``load_config`` reads the configuration anew, for a reload; ``manager`` is told how the hub stands, and may have
    sockets for it; ``on_stop`` is called when it begins to shut down; ``early`` was begun for the first session.
    """

    def __init__(
        self,
        paths: StatePaths,
        config: HubConfig,
        *,
        load_config: Callable[[], HubConfig] | None = None,
        manager: ServiceManager | None = None,
        on_stop: Callable[[], None] | None = None,
        early: EarlyStart = EarlyStart(),  # noqa: B008 - it cannot be changed
    ) -> None:
        self._paths = paths
        self._config = config
        self._manager = manager or ServiceManager()
        self._on_stop = on_stop
        self._reloads = load_config and Reloads(
            load_config, self._manager, lambda: self._config, self._take_up
        )
        self._lock = RootLock(paths)
        self._stopping = asyncio.Event()
        self._started = time.time()
        self._started_s = time.monotonic()
        self.summaries = Summaries(paths.enrich_database)
        self.viewed = ViewedFiles()
        self._language_server = language_server = LanguageServer(self)
        self._methods = language_server.methods() | hub_methods(self)
        self._endpoint = Endpoint(
            paths,
            self._methods,
            language_server.notifications(),
            max_frame_bytes=config.server.max_frame_bytes,
            max_requests=config.server.max_requests_per_connection,
            max_connections=config.server.max_connections,
            handed=self._manager.listeners,
        )
        self._places = Places(paths, self._lock, self._endpoint)
        self._sessions = Sessions(
            paths,
            lambda: self._config,
            self._places,
            self._session_opened,
            self.looked_at,
            lambda: language_server.has_editors,
            early,
        )
        monitored = Monitored(self._state, self._problems, self.metrics)
        self._monitoring = Monitoring(config.http.port, paths.state_dir, monitored)
        self._on_session: Callable[[Session], None] | None = None
        self._is_up = False

    async def run(self, on_session: Callable[[Session], None] | None = None) -> None:
        """Run until ``stop``, SIGTERM or SIGINT. ``on_session`` is told each session before it begins.

        Raises AlreadyRunningError, RootError, StoreError.
        """
        self._on_session = on_session
        self._paths.prepare()
        with signals_handled(self.stop, self._reloads.request if self._reloads else None), self._lock:
            await self._endpoint.start()
            log.info(
                "hub.started", root=str(self._paths.root), pid=os.getpid(), socket=str(self._paths.socket)
            )
            try:
                await self._until_stopped()
            finally:
                self._manager.stopping()
                await self._endpoint.close()
                log.info("hub.stopped")

    def stop(self, *, for_all: bool = True) -> None:
        """Begin to shut down. Editors do not start another hub, unless it only goes with its own (not ``for_all``)."""
        if not self._stopping.is_set():
            self._manager.stopping()
            if for_all:
                self._language_server.announce_stop()
            self._lock.hand_over()
            self._endpoint.take_no_more()
            if self._on_stop is not None:
                self._on_stop()
        self._stopping.set()

    async def reload(self) -> dict[str, Any]:
        """Read the configuration anew and take up what differs; what was applied, and what needs a restart.

        Raises ConfigError, with everything as it was.
        """
        if self._reloads is None:
            raise UsageError("reload", str(self._paths.root), "this hub lives with its editor", "restart it")
        return await self._reloads.reload()

    @property
    def root(self) -> Path:
        """The project's root, a real path."""
        return self._paths.root

    @property
    def max_file_bytes(self) -> int:
        """The largest file that is indexed."""
        return self._config.discovery.max_file_bytes

    @property
    def store(self) -> NodeStateStore:
        """The open store."""
        return self._sessions.current.store

    @property
    def feed(self) -> Feed:
        """Live commits."""
        return self._sessions.current.feed

    @property
    def pending(self) -> int:
        """Files known to be behind the disk."""
        return self._sessions.current.pending

    @property
    def degraded(self) -> str | None:
        """What keeps the index from being true right now, and the remedies."""
        return one_line(self._problems()) or None

    @property
    def progress(self) -> Progress | None:
        """How far the cold start is."""
        session = self._sessions.session
        return None if session is None else session.cold_start.progress

    @property
    def indexing(self) -> Indexing | None:
        """How far the cold start is; None once it is over."""
        progress = self.progress
        if progress is None:
            return Indexing(0, 0)  # about to begin
        return None if progress.is_finished else Indexing(progress.done, progress.pending)

    @property
    def is_first_index(self) -> bool:
        """Whether the first index of the store is being made."""
        session = self._sessions.session
        return session is not None and session.is_first_index

    async def opened(self) -> None:
        """Return once the store is open: within seconds of the start, or of damage found."""
        await self._sessions.opened_soon()

    async def search_symbols(
        self,
        query: str,
        kind: str | None,
        limit: int,
        path: str | None = None,
        *,
        show: Show[T],
    ) -> list[T]:
        """Search for symbols by name."""
        with self._sessions.answering, self.store.suspecting():
            return await self._sessions.current.search_symbols(query, kind, limit, path, show=show)

    async def search(self, query: str, kind: str | None, limit: int, path: str | None) -> SearchResults:
        """Search by meaning, names and text."""
        with self._sessions.answering, self.store.suspecting():
            return await self._sessions.current.search.search(query, kind=kind, path=path, limit=limit)

    async def ask(
        self,
        question: Callable[[Index], T],
        overlays: Mapping[str, PackedFile] | None = None,
        *,
        thorough: bool = False,
    ) -> T:
        """Answer a question from the index."""
        with self._sessions.answering, self.store.suspecting():
            return await self._sessions.current.engine.ask(question, overlays, thorough=thorough)

    async def extract(self, path: str, data: bytes) -> PackedFile | None:
        """The facts of bytes that are not on disk."""
        return await self._sessions.current.unsaved.extract(path, data)

    def digest_of(self, data: bytes) -> str:
        """What the store tells contents apart by."""
        return digest_of(data)

    async def look_at(self, paths: Iterable[str]) -> None:
        """Have these paths compared with the disk soon."""
        await self._sessions.current.look_at(paths)

    def looked_at(self) -> frozenset[str]:
        """The files that clients look at: open in editors, or shown by answers of late."""
        return frozenset(self.viewed.paths()) | self._language_server.open_paths

    async def sync(self, timeout_s: float | None) -> None:
        """Return once everything on disk before the call is in the index, be it rebuilt meanwhile."""
        limit_s = timeout_s or self._config.server.sync_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                is_level = False
                while not is_level:
                    await self._sessions.opened()
                    is_level = await self._sessions.current.sync()
        except TimeoutError:
            session = self._sessions.session
            pending = 0 if session is None else session.pending
            reason = self._sessions.trouble or f"{pending} files are still pending"
            raise SyncTimeoutError(
                "bring the index up to date",
                reason=f"{reason} after {limit_s:g} s",
                hint="wait longer, or ask for status",
            ) from None

    async def status(self) -> dict[str, Any]:
        """How the hub stands."""
        status: dict[str, Any] = {
            "state": self._state(),
            "root": str(self._paths.root),
            "pid": os.getpid(),
            "version": __version__,
            "socket": str(self._paths.socket),
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "clients": self._endpoint.clients,
        }
        session = self._sessions.session
        if session is not None:
            status |= await session_status(session)
        return {**status, "problems": self._problems()}

    async def metrics(self) -> Samples:
        """What is counted, and how the hub stands, as numbers."""
        return await measure(
            state=self._state(),
            problems=self._problems(),
            started=self._started,
            clients=self._endpoint.clients,
            requests=self._endpoint.meter,
            session=self._sessions.session,
            ended=self._sessions.ended,
        )

    def _problems(self) -> list[Problem]:
        """What keeps the hub from doing its work right now."""
        found = self._sessions.problems
        if self._places.problem is not None:
            found.append(Problem("state", self._places.problem.problem, self._places.problem.hint))
        return found

    async def _until_stopped(self) -> None:
        supervision = Supervision(
            self._manager,
            lambda: self._sessions.session,
            self._state,
            lambda: self._config.store.busy_timeout_ms / 1000,
        )
        try:
            await run_until(
                self._stopping,
                self._sessions.run(),
                supervision.run(),
                self._stop_when_idle(),
                end_when_cut_off(self._paths, self._manager),
                self._monitoring.run(),
                log_problems(self._problems),
                self._import_methods(),
            )
        finally:
            if self._reloads is not None:
                await self._reloads.close()

    async def _stop_when_idle(self) -> None:
        def is_busy() -> object:
            session = self._sessions.session
            return self._endpoint.clients or session is None or session.pending

        await wait_until_idle(is_busy, lambda: self._config.daemon.idle_exit_s)
        log.info("hub.idle", seconds=self._config.daemon.idle_exit_s)
        self.stop()

    def _is_level(self) -> bool:
        session = self._sessions.session
        return session is not None and session.is_ready.is_set()

    async def _import_methods(self) -> None:
        """Before anybody has to wait for it, and behind all that is waited for."""
        while not self._is_level():  # noqa: ASYNC110 - sessions come and go, and nobody waits for this
            await asyncio.sleep(_LOOK_EVERY_S)
        try:
            await asyncio.to_thread(dict, self._methods)
        except Exception:  # whoever calls one hears of it, too; the rest of the hub goes on
            log.exception("methods.not_imported", remedy="restart the hub")

    async def _take_up(self, change: ConfigChange) -> None:
        """Put ``change.config`` in force."""
        self._config = change.config
        if change.at_once:
            configure_logs(change.config.logs.level, change.config.logs.format)
            server = change.config.server
            self._endpoint.limit(
                max_frame_bytes=server.max_frame_bytes,
                max_requests=server.max_requests_per_connection,
                max_connections=server.max_connections,
            )
            self._monitoring.listen_on(change.config.http.port)
            if self._sessions.session is not None:
                self._sessions.session.adjust(change.config)
        if change.by_new_session:
            self._sessions.replace()
        await self._sessions.opened_soon()

    def _session_opened(self, session: Session) -> None:
        if not self._is_up:
            self._is_up = True
            self._manager.ready()
        if self._on_session is not None:
            self._on_session(session)

    def _state(self) -> str:
        return "degraded" if self._problems() else hub_state(self._sessions.session)
