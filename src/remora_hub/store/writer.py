"""The one thread that writes: it groups what is queued into transactions and answers with a future each.

A group is what is already waiting when a transaction is open, so a single save is committed at once and a cold
start in large steps; ``batch_files`` and ``batch_ms`` bound how much and how long one transaction takes.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

import apsw
import msgspec

from remora_hub.errors import StoreError
from remora_hub.logs import get_logger
from remora_hub.metrics.histogram import Histogram
from remora_hub.store import clean_stop, feed_log
from remora_hub.store.changes import Commit
from remora_hub.store.connection import is_environmental, store_error
from remora_hub.store.replacement import StoreChange
from remora_hub.store.schema import read_index_id
from remora_hub.store.store_files import StoreFiles
from remora_hub.store.transaction import Transaction

# A reader that keeps an old view open keeps the log from being reused. Beyond this the writer refuses, for its callers
# to try again, rather than let the log grow without bound; one group adds little, so it stays below 64 MiB.
WAL_LIMIT_BYTES = 48 * 1024 * 1024

_log = get_logger(__name__)

Result = TypeVar("Result")
Listener = Callable[[Commit], None]


class Write(msgspec.Struct, frozen=True):
    """A request to write ``changes`` (at most one per path) and, if given, the hub's own record."""

    changes: Sequence[StoreChange]
    future: Future[Commit]
    hub_status: str | None = None


class Maintenance(msgspec.Struct, Generic[Result], frozen=True):
    """A request for work between transactions, on the write connection; its future gets what that returns."""

    work: Callable[[apsw.Connection], Result]
    future: Future[Result]

    def perform(self, path: Path, connection: apsw.Connection, files: StoreFiles) -> None:
        """Do the work and resolve the future."""
        try:
            with files.at_work():
                result = self.work(connection)
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller hears of it and the thread lives on
            self.future.set_exception(store_error("maintain", path, error))
        else:
            self.future.set_result(result)


class _Outcome(msgspec.Struct, frozen=True):
    discarded: tuple[str, ...]
    failed: dict[str, StoreError]


class Writer:
    """Owns the write connection; every method but ``close`` returns at once."""

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        *,
        batch_files: int,
        batch_ms: float,
        feed_retention_commits: int,
    ) -> None:
        self.sequence = feed_log.read_sequence(connection)
        self.index_id = read_index_id(connection)
        self.commit_s = Histogram()
        self.turns = 0  # how often the file may have been written to; counted before anybody hears of it
        self._path = path
        self._inode = path.stat().st_ino
        self._files = StoreFiles(path)
        self._connection = connection
        self._data_version = _data_version(connection)
        self._met_others = False
        self._batch_files = batch_files
        self._batch_s = batch_ms / 1000
        self._feed_retention_commits = feed_retention_commits
        self._listeners: list[Listener] = []
        self._queue: queue.SimpleQueue[Write | Maintenance[Any] | None] = queue.SimpleQueue()
        self._held: Write | Maintenance[Any] | None = None
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, changes: Sequence[StoreChange], hub_status: str | None = None) -> Future[Commit]:
        """Queue changes for one transaction. Raises ValueError if a path occurs twice, StoreError once closed."""
        if len({change.path for change in changes}) < len(changes):
            raise ValueError("one write may change a path only once")
        future: Future[Commit] = Future()
        self._enqueue(Write(tuple(changes), future, hub_status))
        return future

    def maintain(self, work: Callable[[apsw.Connection], Result]) -> Future[Result]:
        """Queue work to be done outside a transaction. Raises StoreError once closed."""
        future: Future[Result] = Future()

        def counted(connection: apsw.Connection) -> Result:
            try:
                return work(connection)
            finally:
                self.turns += 1

        self._enqueue(Maintenance(counted, future))
        return future

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener`` after each commit that changed records, in the writer's thread, before its callers hear."""
        self._listeners.append(listener)

    def check_files(self) -> None:
        """Raise CorruptStoreError if the database or its log was deleted or replaced."""
        self._files.check()

    def were_written_by_others(self) -> bool:
        """Whether anybody else has written to the database or its log since this was last asked."""
        met, self._met_others = self._met_others, False
        return self._files.were_written_by_others() or met

    def close(self) -> None:
        """Write what is queued, then end the thread and close the connection; again and again if you like."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _enqueue(self, request: Write | Maintenance[Any]) -> None:
        with self._closing:
            if self._closed:
                raise StoreError("write to the store", str(self._path), "it is closed")
            self._queue.put(request)

    def _run(self) -> None:
        while (request := self._next()) is not None:
            if not request.future.set_running_or_notify_cancel():
                continue
            if isinstance(request, Maintenance):
                request.perform(self._path, self._connection, self._files)
            else:
                self._write_group(request)
        self._connection.close()
        try:
            clean_stop.mark(self._path, self._inode)
        except OSError as error:  # nothing is lost: the next start checks the file
            _log.warning("store.not_marked_clean", path=str(self._path), reason=str(error))

    def _next(self) -> Write | Maintenance[Any] | None:
        request, self._held = self._held, None
        return request or self._queue.get()

    def _write_group(self, first: Write) -> None:
        group = [first]
        began_s = time.perf_counter()
        try:
            try:
                with self._files.at_work():
                    commit, outcomes = self._transact(group, singly=False)
            except Exception as error:  # content of any kind may be at fault: find out which, one by one
                if is_environmental(error):
                    raise
                with self._files.at_work():
                    commit, outcomes = self._transact(group, singly=True)
        except Exception as error:  # noqa: BLE001  # whatever it is, the callers hear of it and the thread lives on
            failure = store_error("write to the store", self._path, error)
            for write in group:
                write.future.set_exception(failure)
            return
        self.commit_s.observe(time.perf_counter() - began_s)
        self._announce(commit)
        for write, outcome in zip(group, outcomes, strict=True):
            write.future.set_result(
                msgspec.structs.replace(
                    commit, discarded=outcome.discarded, failed=outcome.failed, written={}, former_names={}
                )
            )

    def _transact(self, group: list[Write], *, singly: bool) -> tuple[Commit, list[_Outcome]]:
        """Write the group in one transaction; unless ``singly``, it takes in what waits in the queue."""
        try:
            self._check_file()
            self._connection.execute("BEGIN IMMEDIATE")
            self._look_for_others()
            transaction = Transaction(self._connection, now=round(time.time(), 3))
            outcomes = [_perform(transaction, write, singly) for write in group]
            deadline = time.monotonic() + self._batch_s
            while not singly and time.monotonic() < deadline and (write := self._joining(group)) is not None:
                group.append(write)
                outcomes.append(_perform(transaction, write, singly))
            commit = transaction.finish(self.sequence, feed_retention_commits=self._feed_retention_commits)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self.turns += 1
        self.sequence = commit.seq
        return commit, outcomes

    def _joining(self, group: Sequence[Write]) -> Write | None:
        """The next request if it may join the group: it fits, and no path of it is in the group already."""
        if self._held is not None or sum(len(write.changes) for write in group) >= self._batch_files:
            return None
        try:
            request = self._queue.get_nowait()
        except queue.Empty:
            return None
        if request is None:
            self._queue.put(None)  # the sentinel: nothing follows it, so order is kept
            return None
        taken = {change.path for write in group for change in write.changes}
        if isinstance(request, Maintenance) or any(change.path in taken for change in request.changes):
            self._held = request
            return None
        return request if request.future.set_running_or_notify_cancel() else None

    def _check_file(self) -> None:
        """Raise if a file was swapped under the connection, or the log has grown beyond bounds."""
        self.check_files()
        if self._wal_bytes() <= WAL_LIMIT_BYTES:
            return
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if self._wal_bytes() > WAL_LIMIT_BYTES:
            failure = StoreError(
                "write to the store",
                str(self._path),
                "a reader keeps its write-ahead log from being reused",
                "end the process that reads it, which lsof names",
            )
            failure.recoverable = True
            raise failure

    def _look_for_others(self) -> None:
        """A commit of somebody else's, be it made while this thread waited for the lock."""
        found = _data_version(self._connection)
        if found != self._data_version:
            self._data_version, self._met_others = found, True

    def _wal_bytes(self) -> int:
        try:
            return self._path.with_name(self._path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def _announce(self, commit: Commit) -> None:
        if not commit.files:
            return
        for listener in self._listeners:
            try:
                listener(commit)
            except Exception:  # noqa: BLE001  # a listener's fault must not stop the writing; here is its boundary: log
                _log.exception("store.listener_failed")


def _data_version(connection: apsw.Connection) -> int:
    """A number that changes with every commit of another connection (https://sqlite.org/pragma.html#pragma_data_version)."""
    return int(connection.pragma("data_version"))


def _perform(transaction: Transaction, write: Write, singly: bool) -> _Outcome:
    """Apply one request; what was discarded or failed in it is its own caller's business."""
    transaction.discarded, transaction.failed = [], {}
    transaction.apply(write.changes, singly=singly)
    if write.hub_status is not None:
        transaction.set_hub_status(write.hub_status)
    return _Outcome(tuple(transaction.discarded), transaction.failed)
