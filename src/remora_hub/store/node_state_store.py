"""``NodeStateStore``: the async face of the store. One thread writes, a few read, the event loop waits for neither."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.store.changes import Commit, FileChange, FileRemoved, Fingerprint, Horizon
from remora_hub.store.index_reader import batches
from remora_hub.store.maintenance import Collected, Limits, StoreStats, collect, keep_to_limits
from remora_hub.store.opening import check_readable, open_for_writing
from remora_hub.store.reader import Reader
from remora_hub.store.replacement import NodesMerged, StoreChange
from remora_hub.store.snapshot import write_snapshot
from remora_hub.store.writer import Listener, Writer

if TYPE_CHECKING:
    from remora_hub.metrics.histogram import Histogram
    from remora_hub.model import FileIndex, HubStatus, NodeState

READ_THREADS = 3
# Writes that may wait or run at a time; the next caller waits for its turn.
_QUEUED_WRITES = 256

Result = TypeVar("Result")


class NodeStateStore:
    """Records of nodes, files and the hub, their indexes, and the feed of what changed, in one SQLite file.

    Each file is replaced whole or not at all. Methods raise StoreError: ``recoverable`` where trying again can help
    (the disk is full, another process holds the lock), CorruptStoreError where the file is damaged.
    """

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        extractor_version: int,
        read_only: bool = False,
        batch_files: int = 100,
        batch_ms: float = 50,
        busy_timeout_ms: int = 5000,
        cache_mb: int = 16,
        feed_retention_commits: int = 10_000,
    ) -> Self:
        """Open the store at ``path``; make it if it is missing, rebuild it empty if it is older.

        ``read_only`` opens what is there, beside a daemon. Raises NewerIndexError, with the file untouched, if a
        newer hub wrote it; CorruptStoreError if it is damaged (then ``set_aside`` it); StoreError.
        """
        if read_only:
            await asyncio.to_thread(check_readable, path, extractor_version)
            return cls(path, None, None, busy_timeout_ms, feed_retention_commits)
        opened = await asyncio.to_thread(open_for_writing, path, extractor_version, busy_timeout_ms, cache_mb)
        writer = Writer(
            path,
            opened.connection,
            batch_files=batch_files,
            batch_ms=batch_ms,
            feed_retention_commits=feed_retention_commits,
        )
        store = cls(path, writer, opened.rebuilt_reason, busy_timeout_ms, feed_retention_commits)
        store.is_checked = opened.is_checked
        return store

    def __init__(
        self,
        path: Path,
        writer: Writer | None,
        rebuilt_reason: str | None,
        busy_timeout_ms: int,
        feed_retention_commits: int,
    ) -> None:
        self.path = path
        # Why the store was made or emptied on opening; None where it was kept.
        self.rebuilt_reason = rebuilt_reason
        # Whether it was closed as it should be before; else a check of everything is due, see ``health``.
        self.is_checked = True
        # What a read has taken for damage, if any did; see ``health``.
        self.suspicion: CorruptStoreError | None = None
        self._writer = writer
        self._busy_timeout_ms = busy_timeout_ms
        self._feed_retention_commits = feed_retention_commits
        self._write_slots = asyncio.Semaphore(_QUEUED_WRITES)
        self._read_threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="store-reader")
        self._of_thread = threading.local()
        self._readers: list[Reader] = []
        self._reader: Reader | None = None
        self._is_closing = threading.Event()
        self._stats: tuple[int, StoreStats] | None = None  # after so many turns of the writer

    async def close(self) -> None:
        """Write what is queued, then close everything; again and again if you like."""
        await asyncio.to_thread(self._close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    @property
    def reader(self) -> Reader:
        """Synchronous reads for the thread that owns the store: a node of a file of usual size takes some 80 µs."""
        if self._reader is None:
            self._reader = self._new_reader()
        return self._reader

    @property
    def index_id(self) -> str:
        """What tells this index from any other: beside another id, sequence numbers mean nothing. Rescan then."""
        return self.reader.index_id() if self._writer is None else self._writer.index_id

    def sequence(self) -> int:
        """The number of the latest commit; 0 before the first."""
        return self.reader.sequence() if self._writer is None else self._writer.sequence

    @property
    def commit_s(self) -> Histogram:
        """How long commits took, from taking the lock until they were durable."""
        return self._own_writer().commit_s

    # Writing.

    async def apply(self, changes: Sequence[FileChange]) -> Commit:
        """Write changes to files, at most one per path, in one transaction; returns once it is committed.

        Requests are not split: keep one to about ``batch_files``. Raises ValueError if a path occurs twice.
        """
        return await self._write(changes)

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener`` after each commit that changed records, in the writer's thread; it must be quick."""
        self._own_writer().add_listener(listener)

    async def set_many(self, states: Iterable[NodeState]) -> Commit:
        """Save single nodes beside the others of their files; version, times and ``docstring_outdated`` are kept."""
        from remora_hub.store.model_records import node_body

        by_path: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for state in states:
            by_path[state.path][state.suffix] = node_body(state)
        return await self._write([NodesMerged(path, bodies) for path, bodies in by_path.items()])

    async def invalidate_file(self, path: str) -> Commit:
        """Forget all records of one file."""
        return await self._write([FileRemoved(path=path)])

    async def invalidate_and_set(self, path: str, states: Sequence[NodeState], index: FileIndex) -> Commit:
        """Replace all records of one file in one transaction.

        Records do not tell where identifiers occur, nor the file's fingerprint: the next scan reads the file again.
        """
        from remora_hub.store.model_records import file_replacement

        return await self._write([file_replacement(path, states, index)])

    async def set_hub_status(self, status: HubStatus) -> None:
        """Save the hub's own record; it has no sequence number."""
        from remora_hub.store.model_records import hub_status_body

        await self._write([], hub_status_body(status))

    async def gc(self) -> Collected:
        """Remove orphans and old feed rows, hand free space back to the file system."""
        retention = self._feed_retention_commits
        return await asyncio.wrap_future(self._own_writer().maintain(lambda c: collect(c, retention)))

    async def keep_to_limits(self, limits: Limits) -> int:
        """Forget the fingerprints of files that other limits decided about; how many. The next scan reads them."""
        return await asyncio.wrap_future(self._own_writer().maintain(lambda c: keep_to_limits(c, limits)))

    def check_files(self) -> None:
        """Raise CorruptStoreError if the database or its log was deleted or replaced under this store."""
        self._own_writer().check_files()

    def were_files_written_by_others(self) -> bool:
        """Whether anybody but this store has written to the database or its log since this was last asked."""
        return self._own_writer().were_written_by_others()

    @contextmanager
    def suspecting(self) -> Iterator[None]:
        """Remember damage that is met inside as a suspicion, and raise it on."""
        try:
            yield
        except CorruptStoreError as error:
            self.suspicion = error
            raise

    async def reach_writer(self) -> None:
        """Return once the writer has come to this: behind all that is queued. Raises StoreError once closed."""
        await asyncio.wrap_future(self._own_writer().maintain(lambda _: None))

    # Reading.

    async def read(self, function: Callable[[Reader], Result]) -> Result:
        """Run any reads in a read thread: ``await store.read(lambda reader: reader.paths())``."""
        loop = asyncio.get_running_loop()
        try:
            with self.suspecting():
                return await loop.run_in_executor(
                    self._read_threads, lambda: function(self._reader_of_thread())
                )
        except RuntimeError as error:  # the executor's way to say that it was shut down
            raise StoreError("read the store", str(self.path), "it is closed") from error

    async def get(self, key: str) -> NodeState | None:
        """The node stored under ``node:{path}:{suffix}``."""
        return await self.read(lambda reader: reader.get(key))

    async def get_many(self, keys: Iterable[str]) -> dict[str, NodeState]:
        """The nodes of those ``keys`` that exist, in the order asked."""
        return await self.read(lambda reader: reader.get_many(keys))

    async def get_by_file(self, path: str) -> list[NodeState]:
        """The nodes of one file, in source order."""
        return await self.read(lambda reader: reader.get_by_file(path))

    async def get_file(self, path: str) -> FileIndex | None:
        """The record of one file."""
        return await self.read(lambda reader: reader.get_file(path))

    async def get_hub_status(self) -> HubStatus | None:
        """The hub's own record."""
        return await self.read(lambda reader: reader.get_hub_status())

    async def list_nodes(self, kind: str | None = None, under: str | None = None) -> AsyncIterator[NodeState]:
        """All nodes (of one ``NodeKind``, at or below a path), file by file in the order of paths."""
        for paths in batches(await self.read(lambda reader: reader.paths(under))):
            for state in await self.read(lambda reader, paths=paths: reader.nodes_of(paths, kind)):  # type: ignore[misc]  # mypy cannot type a default in a lambda
                yield state

    async def list_files(
        self, status: str | None = None, under: str | None = None
    ) -> AsyncIterator[FileIndex]:
        """All file records (of one ``FileStatus``, at or below a path), in the order of paths."""
        for paths in batches(await self.read(lambda reader: reader.paths(under, status))):
            for index in await self.read(lambda reader, paths=paths: reader.file_indexes(paths)):  # type: ignore[misc]  # as above
                yield index

    async def list_keys(self, prefix: str) -> list[str]:
        """The keys of all records that begin with ``prefix``, sorted; nothing in it is a wildcard."""
        return await self.read(lambda reader: reader.list_keys(prefix))

    async def fingerprints(self, under: str | None = None) -> dict[str, Fingerprint]:
        """What is known of every file (at or below ``under``), by path."""
        return await self.read(lambda reader: reader.fingerprints(under))

    async def changes_since(self, seq: int, limit: int = 1000) -> list[Commit] | Horizon:
        """At most ``limit`` commits after ``seq``, oldest first; a Horizon where the feed cannot tell."""
        return await self.read(lambda reader: reader.changes_since(seq, limit))

    async def stats(self) -> StoreStats:
        """Counts and sizes: those behind the latest write of this store, whatever others did to the file since."""
        if self._writer is None or self._is_closing.is_set():
            return await self.read(lambda reader: reader.stats())
        turns = self._writer.turns
        if self._stats is None or self._stats[0] != turns:
            self._stats = turns, await self.read(lambda reader: reader.stats())
        return self._stats[1]

    async def integrity_check(self) -> list[str]:
        """Everything that is wrong with the file, one sentence each; empty if it is sound."""
        return await self.read(lambda reader: reader.integrity_check())

    async def check_everything(self) -> list[str]:
        """As ``integrity_check``, of what the files hold now: over a connection that remembers nothing of them."""
        writer = self._own_writer()

        def check() -> list[str]:
            reader = Reader(self.path, busy_timeout_ms=self._busy_timeout_ms)
            reader.end_when(self._is_closing.is_set)  # it takes a second or more
            try:
                least = writer.sequence
                index_id, sequence = reader.index_id(), reader.sequence()
                # A commit is visible before the writer tells its number.
                if index_id != writer.index_id or not least <= sequence <= writer.sequence + 1:
                    return [
                        f"it holds commit {sequence} of index {index_id}: another database, or an older state"
                    ]
                return reader.integrity_check()
            finally:
                reader.close()

        return await self.read(lambda _: check())

    async def snapshot(self, target: Path, *, force: bool = False) -> int:
        """Write a consistent copy in plain AgentFS layout, beside all else; how many records. See ``snapshot``."""
        return await asyncio.to_thread(write_snapshot, self.path, target, force=force)

    async def _write(self, changes: Sequence[StoreChange], hub_status: str | None = None) -> Commit:
        async with self._write_slots:
            future: Future[Commit] = self._own_writer().submit(changes, hub_status)
            return await asyncio.wrap_future(future)

    def _own_writer(self) -> Writer:
        if self._writer is None:
            raise StoreError("write to the store", str(self.path), "it was opened for reading only")
        return self._writer

    def _new_reader(self) -> Reader:
        reader = Reader(self.path, busy_timeout_ms=self._busy_timeout_ms)
        self._readers.append(reader)
        return reader

    def _reader_of_thread(self) -> Reader:
        reader: Reader | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = self._new_reader()
        return reader

    def _close(self) -> None:
        self._is_closing.set()
        self._read_threads.shutdown()
        for reader in self._readers:
            reader.close()
        # Last, for the last connection takes the write-ahead log into the file, and only this one may write.
        if self._writer is not None:
            self._writer.close()
