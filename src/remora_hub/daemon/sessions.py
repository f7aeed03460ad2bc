"""One session after the other: what ends one, but may pass, begins the next, and clients stay connected meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from remora_hub.config import HubConfig
from remora_hub.daemon.early_start import EarlyStart
from remora_hub.daemon.measurements import session_counts
from remora_hub.daemon.occupancy import Occupancy
from remora_hub.daemon.places import Places
from remora_hub.daemon.session import Session, SessionReplacedError, first_hub_error
from remora_hub.daemon.status import Problem, problems
from remora_hub.errors import CorruptStoreError, HubError, RootError, StoreError
from remora_hub.logs import get_logger
from remora_hub.metrics.totals import Totals
from remora_hub.paths import StatePaths
from remora_hub.store import set_aside

_LONGEST_OPENING_S = 10.0
_LONGEST_ANSWERING_S = 2.0  # granted to questions under way when the index is closed for a new configuration
_PAUSE_S = 1.0
_FIRST_OPENING_S = 15.0  # a hub that never came up gives up after this

log = get_logger(__name__)


class Sessions:
    """``run`` keeps a session open; ``session`` is the open one, None while there is none.

    ``config`` gives the configuration for the next one, ``on_open`` is told each, before it begins. Questions are
    asked inside ``answering``, which a replacement waits for. ``looked_at`` tells which files clients look at,
    ``has_editors`` whether some of them are editors. ``early`` is for the first session.
    ``ended`` has what sessions that are over counted.
    """

    def __init__(
        self,
        paths: StatePaths,
        config: Callable[[], HubConfig],
        places: Places,
        on_open: Callable[[Session], None],
        looked_at: Callable[[], frozenset[str]] = frozenset,
        has_editors: Callable[[], bool] = lambda: True,
        early: EarlyStart = EarlyStart(),  # noqa: B008 - it cannot be changed
    ) -> None:
        self.session: Session | None = None
        self.answering = Occupancy()
        self.trouble = ""
        self.ended = Totals()
        self._paths = paths
        self._config = config
        self._places = places
        self._on_open = on_open
        self._looked_at = looked_at
        self._has_editors = has_editors
        self._early = early
        self._so_far = 0
        self._damage = ""
        self._has_opened = asyncio.Event()
        self._is_replacing = asyncio.Event()

    @property
    def current(self) -> Session:
        """The open session. Raises StoreError (recoverable) while there is none."""
        if self.session is None:
            store_error = StoreError(
                "answer from", str(self._paths.database), "the index is being opened", "try again"
            )
            store_error.recoverable = True
            raise store_error
        return self.session

    @property
    def problems(self) -> list[Problem]:
        """What keeps the index from being open, or true."""
        found = [] if self.session is None else problems(self.session)
        if self.trouble:
            found.append(Problem("hub", self.trouble, "it is tried again every second"))
        if self._damage and not (self.session and self.session.is_ready.is_set()):
            found.append(Problem("store", self._damage, "wait: the index is rebuilt from the disk"))
        return found

    async def opened(self) -> None:
        """Return once a session is open: however long that takes."""
        await self._has_opened.wait()

    async def opened_soon(self) -> None:
        """Return once a session is open, or that takes too long: within seconds of the start, or of damage found."""
        if self._has_opened.is_set():
            return
        with contextlib.suppress(TimeoutError):  # whoever asks for the store then is told that it is not open
            async with asyncio.timeout(_LONGEST_OPENING_S):
                await self._has_opened.wait()

    def replace(self) -> None:
        """Have the session that is open, or is being opened, make room for the next: who asks from now on waits."""
        self._has_opened.clear()
        self._is_replacing.set()

    async def run(self) -> None:
        """Until cancelled. Raises what cannot be recovered from."""
        patient_until = time.monotonic() + _FIRST_OPENING_S
        while True:
            try:
                await self._places.secure()
                await self._run_one()
            except SessionReplacedError:
                log.debug("session.replaced", reason="the configuration has changed")
            except CorruptStoreError as error:
                if failure := self._set_aside(error):
                    await self._postpone(failure, patient_until)
            except (RootError, StoreError) as error:
                if not (error.recoverable or isinstance(error, RootError)):
                    raise
                await self._postpone(error, patient_until)
            finally:
                self.session = None
                self._has_opened.clear()

    async def _run_one(self) -> None:
        """One session, until it is cancelled or fails."""
        self._is_replacing.clear()
        opening = Session.open(
            self._paths,
            self._config(),
            lambda: self.answering.empty_s,
            self._looked_at,
            self._has_editors,
            self._early,
        )
        async with await opening as session:
            self._early = EarlyStart()  # it goes with its session
            if self._is_replacing.is_set():  # the configuration changed while it was opened
                raise _replaced()
            session.adjust(self._config())
            self.trouble = ""
            self.session = session
            self._so_far += 1
            self._has_opened.set()
            self._on_open(session)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(session.run())
                    tasks.create_task(self._places.guard())
                    tasks.create_task(self._until_replaced())
            except BaseExceptionGroup as group:
                session.store.check_files()  # whatever goes wrong with a file that was replaced is damage
                raise first_hub_error(group) from group
            finally:
                self._has_opened.clear()
                self.session = None  # before it is closed: nobody shall ask it any more
                self.ended.keep(session_counts(session))

    async def _postpone(self, error: HubError, patient_until: float) -> None:
        """Wait before the next try; raises ``error`` where none has succeeded for long."""
        if self._so_far == 0 and time.monotonic() > patient_until:
            raise error
        if not self.trouble:
            log.debug("session.postponed", reason=str(error))
        self.trouble = str(error)
        await asyncio.sleep(_PAUSE_S)

    async def _until_replaced(self) -> None:
        await self._is_replacing.wait()
        await self.answering.wait_until_empty(_LONGEST_ANSWERING_S)
        raise _replaced()

    def _set_aside(self, error: CorruptStoreError) -> StoreError | None:
        """Keep a damaged database under another name, so that the next session makes a new one; what prevents that."""
        self._damage = error.problem
        try:
            found = set_aside(self._paths.database)
        except StoreError as failure:
            return failure
        kept = "nothing: it is not there any more" if found is None else str(found)
        log.warning("store.damaged", reason=error.problem, kept=kept, remedy="it is rebuilt by itself")
        return None


def _replaced() -> SessionReplacedError:
    return SessionReplacedError("keep the index open", reason="the configuration has changed")
