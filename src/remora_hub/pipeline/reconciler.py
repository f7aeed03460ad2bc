"""Carries out rescans: marked directories are compared with the disk, and what differs is queued."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from remora_hub.discovery.rules import SourceRules
from remora_hub.errors import HubError, RootError
from remora_hub.logs import get_logger
from remora_hub.pipeline.change_queue import ChangeQueue, Priority
from remora_hub.pipeline.commits import Committer
from remora_hub.pipeline.reconcile import Reconciliation, reconcile
from remora_hub.store.node_state_store import NodeStateStore

_MOST_MARKS = 200
_SETTLED_PER_COMMIT = 100
_RETRY_S = 1.0

log = get_logger(__name__)


class Reconciler:
    """One task. ``on_walked`` is told of each rescan: its directory, its reason and what it found."""

    def __init__(
        self,
        root: Path,
        rules: SourceRules,
        store: NodeStateStore,
        committer: Committer,
        queue: ChangeQueue,
        executor: Executor,
        on_walked: Callable[[str, str, Reconciliation], None],
    ) -> None:
        self.rescans: Counter[str] = Counter()
        self.problem = ""
        self._root = root
        self._rules = rules
        self._store = store
        self._committer = committer
        self._queue = queue
        self._executor = executor
        self._on_walked = on_walked
        self._marks: dict[str, str] = {}
        self._marked_s: float | None = None
        self._syncs: list[asyncio.Future[list[asyncio.Future[None]]]] = []
        self._wake = asyncio.Event()

    @property
    def marked(self) -> int:
        """Directories that wait to be rescanned."""
        return len(self._marks)

    @property
    def oldest_s(self) -> float:
        """For how long the oldest mark has been waiting or being carried out, in seconds; 0 if there is none."""
        return 0.0 if self._marked_s is None else time.monotonic() - self._marked_s

    def mark(self, directory: str, reason: str) -> None:
        """Have everything below ``directory`` (``""``: the root) compared with the disk soon."""
        if self._marked_s is None:
            self._marked_s = time.monotonic()
        if len(self._marks) >= _MOST_MARKS:
            self._marks = {"": reason}
        else:
            self._marks.setdefault(directory, reason)
        self._wake.set()

    async def sync(self) -> None:
        """Return once everything on disk before the call is in the store. Raises RootError if the root is gone."""
        request = asyncio.get_running_loop().create_future()
        self._syncs.append(request)
        self._wake.set()
        for finished in await request:
            await finished

    async def run(self) -> None:
        """Carry out marks and syncs until cancelled. Raises what the store cannot recover from."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            marks, self._marks = self._marks, {}
            syncs, self._syncs = self._syncs, []
            if syncs:
                marks = {"": "sync"}
            try:
                finished = [
                    one
                    for directory, reason in _outermost(marks)
                    for one in await self._rescan(directory, reason)
                ]
                self.problem = ""
                self._marked_s = time.monotonic() if self._marks else None
            except RootError as error:
                if self.problem != str(error):
                    log.debug("reconcile.root_missing", reason=str(error))
                self.problem = str(error)
                _fail(syncs, error)
                asyncio.get_running_loop().call_later(_RETRY_S, self.mark, "", "root missing")
            except HubError as error:
                _fail(syncs, error)
                raise
            else:
                for request in syncs:
                    if not request.done():
                        request.set_result(finished)

    async def _rescan(self, directory: str, reason: str) -> list[asyncio.Future[None]]:
        """Compare one subtree; queue what differs. The futures are done when that is in the store."""
        self.rescans[reason] += 1
        # What is about to be written of these was read before the walk, and is not among what is known.
        in_work = self._queue.in_work if reason == "sync" else []
        found = await reconcile(self._root, self._rules, self._store, self._executor, directory)
        self._on_walked(directory, reason, found)
        for start in range(0, len(found.settled), _SETTLED_PER_COMMIT):
            await self._committer.apply(found.settled[start : start + _SETTLED_PER_COMMIT])
        if found.suspects or found.settled:
            log.debug("reconcile.differs", directory=directory, reason=reason, suspects=len(found.suspects))
        priority = Priority.CHANGED if reason == "sync" else Priority.RECONCILE
        suspects = dict.fromkeys((*in_work, *found.suspects))
        return [await self._queue.put_for(path, priority) for path in suspects]


def _outermost(marks: dict[str, str]) -> list[tuple[str, str]]:
    """The marks that no other mark covers."""
    return [
        (directory, reason)
        for directory, reason in marks.items()
        if not any(other != directory and (not other or directory.startswith(other + "/")) for other in marks)
    ]


def _fail(requests: list[asyncio.Future[list[asyncio.Future[None]]]], error: HubError) -> None:
    for request in requests:
        if not request.done():
            request.set_exception(error)
