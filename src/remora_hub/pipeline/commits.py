"""Commits that outlast trouble: a write that fails for now is tried again until it succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.logs import get_logger
from remora_hub.store.changes import Commit, FileChange
from remora_hub.store.node_state_store import NodeStateStore

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0

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
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                commit = await self._store.apply(changes)
            except CorruptStoreError:
                raise
            except StoreError as error:
                if not error.recoverable:
                    raise
                if self.trouble is None:
                    log.warning("store.write_failed", reason=str(error), files=len(changes))
                self.trouble = error
                self.failures += 1
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                continue
            if self.trouble is not None:
                log.info("store.write_recovered")
                self.trouble = None
            return commit
