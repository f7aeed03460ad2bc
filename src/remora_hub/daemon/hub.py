"""The daemon: holds the root's lock, listens, lives through sessions; a damaged store ends one and begins the next."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from remora_hub import __version__
from remora_hub.answers import Symbol
from remora_hub.config import HubConfig
from remora_hub.daemon.event_loop import run_until
from remora_hub.daemon.idle import wait_until_idle
from remora_hub.daemon.lock import RootLock
from remora_hub.daemon.measurements import measure
from remora_hub.daemon.monitoring import serve_http
from remora_hub.daemon.occupancy import Occupancy
from remora_hub.daemon.places import Places
from remora_hub.daemon.problem_log import log_problems
from remora_hub.daemon.reload import ConfigChange, Reloads
from remora_hub.daemon.sandbox import end_when_cut_off
from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.daemon.session import Session, SessionReplacedError, first_hub_error
from remora_hub.daemon.status import Problem, hub_state, one_line, problems, session_status
from remora_hub.daemon.supervision import Supervision
from remora_hub.discovery.read import digest_of
from remora_hub.errors import (
    CorruptStoreError,
    RootError,
    StoreError,
    SyncTimeoutError,
    UsageError,
)
from remora_hub.facts import PackedFile
from remora_hub.feed.feed import Feed
from remora_hub.http.monitored import Monitored
from remora_hub.logs import configure_logs, get_logger
from remora_hub.metrics.catalogue import Samples
from remora_hub.paths import StatePaths
from remora_hub.pipeline.progress import Progress
from remora_hub.query.index import Index
from remora_hub.server.backend import Indexing
from remora_hub.server.endpoint import Endpoint
from remora_hub.server.hub_methods import hub_methods
from remora_hub.server.lsp.language_server import LanguageServer
from remora_hub.store import set_aside
from remora_hub.store.node_state_store import NodeStateStore

_LONGEST_OPENING_S = 10.0

_LONGEST_ANSWERING_S = 2.0  # granted to questions under way when the index is closed for a new configuration
_PAUSE_S = 1.0
_FIRST_OPENING_S = 15.0  # a hub that never came up gives up after this

T = TypeVar("T")

log = get_logger(__name__)


class Hub:
    """The running hub of one root; what ``server.backend.Backend`` asks for.

    ``load_config`` reads the configuration anew, for a reload; ``manager`` is told how the hub stands, and may have
    sockets for it; ``on_stop`` is called when it begins to shut down.
    """

    def __init__(
        self,
        paths: StatePaths,
        config: HubConfig,
        *,
        load_config: Callable[[], HubConfig] | None = None,
        manager: ServiceManager | None = None,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._paths = paths
        self._config = config
        self._manager = manager or ServiceManager()
        self._on_stop = on_stop
        self._reloads = load_config and Reloads(
            load_config, self._manager, lambda: self._config, self._take_up
        )
        self._is_replacing = asyncio.Event()
        self._answering = Occupancy()
        self._lock = RootLock(paths)
        self._session: Session | None = None
        self._sessions = 0
        self._opened = asyncio.Event()
        self._trouble = ""
        self._damage = ""
        self._stopping = asyncio.Event()
        self._started = time.time()
        language_server = LanguageServer(self)
        self._endpoint = Endpoint(
            paths,
            {**hub_methods(self), **language_server.methods()},
            language_server.notifications(),
            max_frame_bytes=config.server.max_frame_bytes,
            max_requests=config.server.max_requests_per_connection,
            max_connections=config.server.max_connections,
            handed=self._manager.listeners,
        )
        self._places = Places(paths, self._lock, self._endpoint)

    async def run(self, on_session: Callable[[Session], None] | None = None) -> None:
        """Run until ``stop``, SIGTERM or SIGINT. ``on_session`` is told each session before it begins.

        Raises AlreadyRunningError, RootError, StoreError.
        """
        self._paths.prepare()
        with self._lock:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
            if self._reloads is not None:
                loop.add_signal_handler(signal.SIGHUP, self._reloads.request)
            await self._endpoint.start()
            log.info(
                "hub.started", root=str(self._paths.root), pid=os.getpid(), socket=str(self._paths.socket)
            )
            try:
                await self._until_stopped(on_session)
            finally:
                self._manager.stopping()
                await self._endpoint.close()
                log.info("hub.stopped")

    def stop(self) -> None:
        """Begin to shut down."""
        if not self._stopping.is_set():
            self._manager.stopping()
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
    def degraded(self) -> str | None:
        """What keeps the index from being true right now, and the remedies."""
        return one_line(self._problems()) or None

    @property
    def progress(self) -> Progress | None:
        """How far the cold start is."""
        return None if self._session is None else self._session.cold_start.progress

    @property
    def indexing(self) -> Indexing | None:
        """How far the cold start is; None once it is over."""
        progress = self.progress
        if progress is None:
            return Indexing(0, 0)  # about to begin
        return None if progress.is_finished else Indexing(progress.done, progress.pending)

    async def opened(self) -> None:
        """Return once the store is open: within seconds of the start, or of damage found."""
        with contextlib.suppress(TimeoutError):  # whoever asks for the store then is told that it is not open
            async with asyncio.timeout(_LONGEST_OPENING_S):
                await self._opened.wait()

    async def search_symbols(
        self, query: str, kind: str | None, limit: int, path: str | None = None
    ) -> list[Symbol]:
        """Search for symbols by name."""
        with self._answering, self.store.suspecting():
            return await self._current().search_symbols(query, kind, limit, path)

    async def ask(
        self,
        question: Callable[[Index], T],
        overlays: Mapping[str, PackedFile] | None = None,
        *,
        thorough: bool = False,
    ) -> T:
        """Answer a question from the index."""
        with self._answering, self.store.suspecting():
            return await self._current().engine.ask(question, overlays, thorough=thorough)

    async def extract(self, path: str, data: bytes) -> PackedFile | None:
        """The facts of bytes that are not on disk."""
        return await self._current().unsaved.extract(path, data)

    def digest_of(self, data: bytes) -> str:
        """What the store tells contents apart by."""
        return digest_of(data)

    async def look_at(self, paths: Iterable[str]) -> None:
        """Have these paths compared with the disk soon."""
        await self._current().look_at(paths)

    async def sync(self, timeout_s: float | None) -> None:
        """Return once everything on disk before the call is in the index, be it rebuilt meanwhile."""
        limit_s = timeout_s or self._config.server.sync_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                is_level = False
                while not is_level:
                    await self._opened.wait()
                    is_level = await self._current().sync()
        except TimeoutError:
            reason = self._trouble or f"{self._pending_files()} files are still pending"
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
            "uptime_s": round(time.time() - self._started, 1),
            "clients": self._endpoint.clients,
        }
        if self._session is not None:
            status |= await session_status(self._session)
        return {**status, "problems": self._problems()}

    async def metrics(self) -> Samples:
        """What is counted, and how the hub stands, as numbers."""
        return await measure(
            state=self._state(),
            problems=self._problems(),
            started=self._started,
            clients=self._endpoint.clients,
            requests=self._endpoint.meter,
            session=self._session,
        )

    def _problems(self) -> list[Problem]:
        """What keeps the hub from doing its work right now."""
        found = [] if self._session is None else problems(self._session)
        if self._trouble:
            found.append(Problem("hub", self._trouble, "it is tried again every second"))
        if self._places.problem is not None:
            found.append(Problem("state", self._places.problem.problem, self._places.problem.hint))
        if self._damage and not (self._session and self._session.is_ready.is_set()):
            found.append(Problem("store", self._damage, "wait: the index is rebuilt from the disk"))
        return found

    async def _until_stopped(self, on_session: Callable[[Session], None] | None) -> None:
        supervision = Supervision(
            self._manager,
            lambda: self._session,
            self._state,
            lambda: self._config.store.busy_timeout_ms / 1000,
        )
        monitored = Monitored(self._state, self._problems, self.metrics)
        try:
            await run_until(
                self._stopping,
                self._live(on_session),
                supervision.run(),
                self._stop_when_idle(),
                end_when_cut_off(self._paths, self._manager),
                serve_http(self._config.http.port, self._paths.state_dir, monitored),
                log_problems(self._problems),
            )
        finally:
            if self._reloads is not None:
                await self._reloads.close()

    async def _stop_when_idle(self) -> None:
        def is_busy() -> object:
            return self._endpoint.clients or self._session is None or self._session.pending

        await wait_until_idle(is_busy, lambda: self._config.daemon.idle_exit_s)
        log.info("hub.idle", seconds=self._config.daemon.idle_exit_s)
        self.stop()

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
        if change.by_new_session and self._session is not None:
            self._opened.clear()  # who asks from now on waits
            self._is_replacing.set()
        await self.opened()

    async def _live(self, on_session: Callable[[Session], None] | None) -> None:
        """One session after the other: what ends one, but may pass, begins the next."""
        patient_until = time.monotonic() + _FIRST_OPENING_S
        while True:
            try:
                await self._places.secure()
                await self._run_session(on_session)
            except SessionReplacedError:
                log.debug("session.replaced", reason="the configuration has changed")
            except CorruptStoreError as error:
                self._set_aside(error)
            except (RootError, StoreError) as error:
                may_pass = error.recoverable or isinstance(error, RootError)
                if not may_pass or (self._sessions == 0 and time.monotonic() > patient_until):
                    raise
                if not self._trouble:
                    log.debug("session.postponed", reason=str(error))
                self._trouble = str(error)
                await asyncio.sleep(_PAUSE_S)
            finally:
                self._session = None
                self._opened.clear()

    async def _run_session(self, on_session: Callable[[Session], None] | None) -> None:
        """One session, until it is cancelled or fails."""
        async with await Session.open(self._paths, self._config) as session:
            self._trouble = ""
            self._session = session
            self._sessions += 1
            self._opened.set()
            if self._sessions == 1:
                self._manager.ready()
            if on_session is not None:
                on_session(session)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(session.run())
                    tasks.create_task(self._places.guard())
                    tasks.create_task(self._until_replaced())
            except BaseExceptionGroup as group:
                session.store.check_files()  # whatever goes wrong with a file that was replaced is damage
                raise first_hub_error(group) from group
            finally:
                self._opened.clear()
                self._session = None  # before it is closed: nobody shall ask it any more

    async def _until_replaced(self) -> None:
        await self._is_replacing.wait()
        self._is_replacing.clear()
        await self._answering.wait_until_empty(_LONGEST_ANSWERING_S)
        raise SessionReplacedError("keep the index open", reason="the configuration has changed")

    def _set_aside(self, error: CorruptStoreError) -> None:
        """Keep a damaged database under another name, so that the next session makes a new one."""
        exists = self._paths.database.exists()
        kept = str(set_aside(self._paths.database)) if exists else "nothing: it is not there any more"
        self._damage = error.problem
        log.warning("store.damaged", reason=error.problem, kept=kept, remedy="it is rebuilt by itself")

    def _state(self) -> str:
        return "degraded" if self._problems() else hub_state(self._session)

    def _pending_files(self) -> int:
        return 0 if self._session is None else self._session.pending

    def _current(self) -> Session:
        if self._session is None:
            store_error = StoreError(
                "answer from", str(self._paths.database), "the index is being opened", "try again"
            )
            store_error.recoverable = True
            raise store_error
        return self._session
