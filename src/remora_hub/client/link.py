"""How a blocking client reaches its answers: over a connection that is made anew when it broke, or locally."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from remora_hub.client.blocking import LONGEST_ANSWER_S, BlockingClient
from remora_hub.client.failures import closed, not_understood
from remora_hub.client.local import LocalAnswers
from remora_hub.client.requests import Request
from remora_hub.errors import AlreadyRunningError, HubError, NotRunningError
from remora_hub.paths import StatePaths, check_root, find_root

BUSY_WAIT_S = 10.0
BUSY_POLL_S = 0.05

T = TypeVar("T")

StartDaemon = Callable[[StatePaths], object]


class Link:
    """May be used by several threads; they take turns.

    ``start`` is called where no daemon runs; without it ``local`` answers, and without that NotRunningError is raised.
    Questions change nothing, so what a broken connection left unanswered is asked once more over a new one.
    """

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
        self._connection: BlockingClient | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def open(self) -> None:
        """Connect to the daemon, or start it. Raises NotRunningError where neither can be, HubError."""
        with self._lock:
            self._connect()

    def close(self) -> None:
        """Hang up; what is being asked, and whatever is asked from now on, fails."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()

    def ask(self, request: Request[T]) -> T:
        """The answer to one question. Raises the hub's error, NotRunningError, HubError."""
        [answer] = self.ask_all([request])
        if isinstance(answer, HubError):
            raise answer
        return cast(T, answer)

    def ask_all(self, requests: Sequence[Request[Any]]) -> list[Any]:
        """The answers in order; the hub's error in the place of one that failed."""
        with self._lock:
            deadline = time.monotonic() + BUSY_WAIT_S
            while True:
                try:
                    return self._ask_daemon(requests)
                except NotRunningError:
                    if self._is_closed:
                        raise closed(str(self.paths.root)) from None
                    if self._local is None or any(request.needs_daemon for request in requests):
                        raise
                try:
                    return ask_locally(self._local, self.paths, requests)
                except AlreadyRunningError:  # a daemon is just starting, or another process indexes
                    if time.monotonic() >= deadline:
                        raise
                time.sleep(BUSY_POLL_S)  # neither announces its end

    def _ask_daemon(self, requests: Sequence[Request[Any]]) -> list[Any]:
        is_old = self._connection is not None and not self._connection.is_closed
        try:
            connection = self._connect()
            return [self._ask_one(connection, request) for request in requests]
        except NotRunningError:
            if not is_old:
                raise
        connection = self._connect()
        return [self._ask_one(connection, request) for request in requests]

    def _ask_one(self, connection: BlockingClient, request: Request[Any]) -> Any:
        try:
            raw = connection.call_raw(
                request.method, request.params, timeout_s=self._timeout_s + request.extra_s
            )
        except HubError as error:
            if connection.is_closed:
                raise
            return error
        return decoded(request, raw, self.paths)

    def _connect(self) -> BlockingClient:
        if self._is_closed:
            raise closed(str(self.paths.root))
        if self._connection is not None and not self._connection.is_closed:
            return self._connection
        try:
            self._connection = BlockingClient.connect(self.paths)
        except NotRunningError:
            if self._start is None:
                raise
            self._start(self.paths)
            self._connection = BlockingClient.connect(self.paths)
        return self._connection


def project_paths(root: str | Path | None, state_dir: str | Path | None) -> StatePaths:
    """The places of ``root``, or of the project the current directory lies in. Raises RootError."""
    found = find_root(Path()) if root is None else check_root(Path(root))
    return StatePaths(found, None if state_dir is None else Path(state_dir))


def start_daemon(paths: StatePaths) -> None:
    """Start the daemon of ``paths`` with no options of its own. Raises HubError."""
    from remora_hub.client import start  # subprocess: only where there is something to start

    start.start_daemon(paths)


def decoded(request: Request[T], raw: msgspec.Raw, paths: StatePaths) -> T:
    """The answer to ``request`` in its type. Raises HubError if it is not of that type."""
    try:
        return msgspec.json.decode(raw, type=request.answer)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise not_understood(str(paths.root), error) from error


def ask_locally(local: LocalAnswers, paths: StatePaths, requests: Sequence[Request[Any]]) -> list[Any]:
    """The same answers from this process. Raises AlreadyRunningError while another one holds the root."""
    answers = local(paths, [(request.method, request.params) for request in requests])
    return [
        answer
        if isinstance(answer, HubError)
        else msgspec.convert({**answer, "served_by": "local"}, request.answer)
        for request, answer in zip(requests, answers, strict=True)
    ]
