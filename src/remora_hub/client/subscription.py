"""A blocking subscription: every change to the index, as it is committed."""

from __future__ import annotations

import time
from typing import Self

from remora_hub.client.blocking import LONGEST_ANSWER_S, BlockingClient
from remora_hub.client.following import Event, follow
from remora_hub.client.link import Link, decoded
from remora_hub.client.requests import Request, subscribe
from remora_hub.client.results import Changed, Fresh, Rescan
from remora_hub.errors import NotRunningError


class Subscription:
    """An iterator of ``Changed`` and ``Rescan``, over a connection of its own; a context manager.

    It has begun when it is made: what is committed from then on is not missed. Where the feed cannot tell what
    changed there is a ``Rescan``. Raises NotRunningError when the daemon goes; begin again ``since`` the last one seen.
    """

    def __init__(self, link: Link, since: int | None, index_id: str | None) -> None:
        self._link = link
        self._is_closed = False
        link.open()
        self._connection = BlockingClient.connect(link.paths, keeps_notifications=True)
        self._course = follow(since, index_id)
        next(self._course)  # it wants to subscribe
        self._step = self._course.send(self._subscribe())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = self.wait(None)
        if event is None:
            raise StopIteration
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def wait(self, timeout_s: float | None) -> Event | None:
        """The next event; None if there is none within ``timeout_s``, or the subscription is closed meanwhile."""
        try:
            return self._wait(timeout_s)
        except NotRunningError:
            if self._is_closed:
                return None
            raise

    def close(self) -> None:
        """Stop; a thread that waits is told so."""
        self._is_closed = True
        self._connection.close()

    def _wait(self, timeout_s: float | None) -> Event | None:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            step = self._step
            if isinstance(step, Changed | Rescan):
                self._step = next(self._course)
                return step
            if isinstance(step, Request):
                self._step = self._course.send(self._link.ask(step))
            elif step == "subscribe":
                self._step = self._course.send(self._subscribe())
            else:
                left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
                message = self._connection.next_notification(left_s)
                if message is None:
                    return None
                self._step = self._course.send(message)

    def _subscribe(self) -> Fresh:
        request = subscribe()
        raw = self._connection.call_raw(request.method, request.params, timeout_s=LONGEST_ANSWER_S)
        return decoded(request, raw, self._link.paths)
