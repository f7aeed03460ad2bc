"""Connections that ask nothing make room for those that do: every user of the machine can open some."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

LONGEST_REQUEST_S = 10.0  # from connecting, or from the last answer, until a request has come whole


class BoundedProtocol(H11Protocol):
    """uvicorn's own, which waits for ever for a first request, and at ``limit_concurrency`` turns everybody away.

    Here whoever takes too long is hung up on, and at the limit the one who has been idle longest: a client that
    connects and asks is served whatever others hold open.
    """

    _limit: asyncio.TimerHandle | None = None
    _idle_since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Somebody connects."""
        super().connection_made(transport)
        self._begin_to_wait()
        self._make_room()

    def on_response_complete(self) -> None:
        """A request was answered."""
        super().on_response_complete()
        self._begin_to_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._end_wait()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no whole request waits for its answer."""
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is None or cycle.response_complete or cycle.more_body

    def _begin_to_wait(self) -> None:
        self._end_wait()
        if not self.transport.is_closing():
            self._idle_since_s = self.loop.time()
            self._limit = self.loop.call_later(LONGEST_REQUEST_S, self._give_up_if_idle)

    def _end_wait(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _give_up_if_idle(self) -> None:
        if self.is_idle:
            self._give_up()

    def _give_up(self) -> None:
        self.connections.discard(self)  # now: the end of the connection is told later
        self.transport.abort()

    def _make_room(self) -> None:
        while self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            idle = [
                other
                for other in self.connections
                if isinstance(other, BoundedProtocol) and other is not self and other.is_idle
            ]
            if not idle:
                return  # all are being answered: who comes now gets 503
            min(idle, key=lambda other: other._idle_since_s)._give_up()
