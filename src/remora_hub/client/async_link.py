"""The same as ``link`` on an event loop, for any number of tasks at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from remora_hub.client.async_connection import AsyncConnection
from remora_hub.client.blocking import LONGEST_ANSWER_S
from remora_hub.client.failures import closed
from remora_hub.client.link import BUSY_POLL_S, BUSY_WAIT_S, StartDaemon, ask_locally, decoded
from remora_hub.client.local import LocalAnswers
from remora_hub.client.requests import Request
from remora_hub.errors import AlreadyRunningError, HubError, NotRunningError
from remora_hub.paths import StatePaths

T = TypeVar("T")


class AsyncLink:
    """As ``Link``. Belongs to the event loop it is first used on; local answers are worked out in a thread."""

    def __init__(
        self,
        paths: StatePaths,
        *,
        start: StartDaemon | None = None,
        local: LocalAnswers | None = None,
        timeout_s: float = LONGEST_ANSWER_S,
    ) -> None:
        self.paths = paths
        self._start = start
        self._local = local
        self._timeout_s = timeout_s
        self._connection: AsyncConnection | None = None
        self._connecting = asyncio.Lock()
        self._indexing = asyncio.Lock()
        self._is_closed = False

    async def open(self) -> None:
        """Connect to the daemon, or start it. Raises NotRunningError where neither can be, HubError."""
        await self._connect()

    async def close(self) -> None:
        """Hang up; what is being asked, and whatever is asked from now on, fails."""
        self._is_closed = True
        if self._connection is not None:
            await self._connection.close()

    async def ask(self, request: Request[T]) -> T:
        """The answer to one question. Raises the hub's error, NotRunningError, HubError."""
        [answer] = await self.ask_all([request])
        if isinstance(answer, HubError):
            raise answer
        return cast(T, answer)

    async def ask_all(self, requests: Sequence[Request[Any]]) -> list[Any]:
        """The answers in order; the hub's error in the place of one that failed."""
        deadline = time.monotonic() + BUSY_WAIT_S
        while True:
            try:
                return await self._ask_daemon(requests)
            except NotRunningError:
                if self._is_closed:
                    raise closed(str(self.paths.root)) from None
                if self._local is None or any(request.needs_daemon for request in requests):
                    raise
            try:
                async with self._indexing:
                    return await asyncio.to_thread(ask_locally, self._local, self.paths, requests)
            except AlreadyRunningError:  # a daemon is just starting, or another process indexes
                if time.monotonic() >= deadline:
                    raise
            await asyncio.sleep(BUSY_POLL_S)  # neither announces its end

    async def _ask_daemon(self, requests: Sequence[Request[Any]]) -> list[Any]:
        is_old = self._connection is not None and not self._connection.is_closed
        try:
            return await self._ask_each(requests)
        except NotRunningError:
            if not is_old:
                raise
        return await self._ask_each(requests)

    async def _ask_each(self, requests: Sequence[Request[Any]]) -> list[Any]:
        connection = await self._connect()
        if len(requests) == 1:
            return [await self._ask_one(connection, requests[0])]
        tasks = [asyncio.ensure_future(self._ask_one(connection, request)) for request in requests]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()  # those that a failure or a cancellation left running

    async def _ask_one(self, connection: AsyncConnection, request: Request[Any]) -> Any:
        try:
            raw = await connection.call_raw(
                request.method, request.params, timeout_s=self._timeout_s + request.extra_s
            )
        except HubError as error:
            if connection.is_closed:
                raise
            return error
        return decoded(request, raw, self.paths)

    async def _connect(self) -> AsyncConnection:
        async with self._connecting:
            if self._is_closed:
                raise closed(str(self.paths.root))
            if self._connection is not None and not self._connection.is_closed:
                return self._connection
            try:
                self._connection = await AsyncConnection.connect(self.paths)
            except NotRunningError:
                if self._start is None:
                    raise
                await asyncio.to_thread(self._start, self.paths)
                self._connection = await AsyncConnection.connect(self.paths)
            return self._connection
