"""Commits that outlast trouble: a write that fails for now is tried again until it succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.logs import get_logger
from remora_hub.store.changes import Commit, FileChange
from remora_hub.store.maintenance import Limits
from remora_hub.store.node_state_store import NodeStateStore

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0

Written = TypeVar("Written")

log = get_logger(__name__)


class Committer:
    """Applies changes to the store. ``trouble`` is what keeps it from writing right now."""

    def __init__(self, store: NodeStateStore) -> None:
        self.trouble: StoreError | None = None
        self.failures = 0
        self._store = store

    async def apply(self, changes: Sequence[FileChange]) -> Commit:
        """Commit ``changes``, however long a locked database, a full disk or a read-only file system keeps it waiting.

        Raises CorruptStoreError, and StoreError where waiting cannot help.
        """
        return await self._persist(lambda: self._store.apply(changes))

    async def keep_to_limits(self, limits: Limits) -> None:
        """As ``apply``: have files that other limits decided about read again by the next reconciliation."""
        await self._persist(lambda: self._store.keep_to_limits(limits))

    async def _persist(self, write: Callable[[], Awaitable[Written]]) -> Written:
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                written = await write()
            except CorruptStoreError:
                raise
            except StoreError as error:
                if not error.recoverable:
                    raise
                if self.trouble is None:
                    log.debug("store.write_failed", reason=str(error))
                self.trouble = error
                self.failures += 1
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                continue
            if self.trouble is not None:
                log.debug("store.write_recovered")
                self.trouble = None
            return written
