"""A subscription on an event loop: every change to the index, as it is committed."""

from __future__ import annotations

from typing import Self

from remora_hub.client.async_connection import AsyncConnection
from remora_hub.client.async_link import AsyncLink
from remora_hub.client.blocking import LONGEST_ANSWER_S
from remora_hub.client.following import Course, Event, Step, follow
from remora_hub.client.link import decoded
from remora_hub.client.requests import Request, subscribe
from remora_hub.client.results import Changed, Fresh, Rescan
from remora_hub.errors import NotRunningError


class AsyncSubscription:
    """An asynchronous iterator of ``Changed`` and ``Rescan``; an asynchronous context manager. As ``Subscription``."""

    def __init__(self, link: AsyncLink, connection: AsyncConnection, course: Course, step: Step) -> None:
        self._link = link
        self._connection = connection
        self._course = course
        self._step = step
        self._is_closed = False

    @classmethod
    async def begin(cls, link: AsyncLink, since: int | None, index_id: str | None) -> Self:
        """Subscribe. Raises NotRunningError where no daemon answers."""
        await link.open()
        connection = await AsyncConnection.connect(link.paths, keeps_notifications=True)
        course = follow(since, index_id)
        next(course)  # it wants to subscribe
        try:
            return cls(link, connection, course, course.send(await _subscribe(link, connection)))
        except BaseException:
            await connection.close()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self._next()
        except NotRunningError:
            if self._is_closed:
                raise StopAsyncIteration from None
            raise

    async def _next(self) -> Event:
        while True:
            step = self._step
            if isinstance(step, Changed | Rescan):
                self._step = next(self._course)
                return step
            if isinstance(step, Request):
                self._step = self._course.send(await self._link.ask(step))
            elif step == "subscribe":
                self._step = self._course.send(await _subscribe(self._link, self._connection))
            else:
                self._step = self._course.send(await self._connection.next_notification())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop; a task that waits is told so."""
        self._is_closed = True
        await self._connection.close()


async def _subscribe(link: AsyncLink, connection: AsyncConnection) -> Fresh:
    request = subscribe()
    raw = await connection.call_raw(request.method, request.params, timeout_s=LONGEST_ANSWER_S)
    return decoded(request, raw, link.paths)
