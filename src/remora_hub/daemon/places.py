"""State directory, lock and socket of a running hub: put back where somebody deletes them (``git clean -fdx`` does)."""

from __future__ import annotations

import asyncio

from remora_hub.daemon.lock import RootLock
from remora_hub.errors import ConfigError, HubError, RootError, StoreError
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths
from remora_hub.server.endpoint import Endpoint

_LOOK_EVERY_S = 1.0

log = get_logger(__name__)


class Places:
    """``problem`` is what keeps them from being put back right now; None while nothing does."""

    def __init__(self, paths: StatePaths, lock: RootLock, endpoint: Endpoint) -> None:
        self.problem: HubError | None = None
        self._paths = paths
        self._lock = lock
        self._endpoint = endpoint

    async def secure(self) -> None:
        """See that all are where they belong. Raises AlreadyRunningError, ConfigError, RootError, StoreError."""
        self._paths.prepare()
        self._lock.renew()
        if not self._endpoint.is_in_place:
            await self._endpoint.put_back()

    async def guard(self) -> None:
        """See to it again and again, until cancelled. Raises AlreadyRunningError."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if not self._paths.root.is_dir():
                continue  # all may come back with it
            try:
                await self.secure()
            except (ConfigError, RootError, StoreError) as error:  # the open index can be asked all the same
                if self.problem is None:
                    log.debug("places.not_secured", reason=str(error))
                self.problem = error
            else:
                self.problem = None
