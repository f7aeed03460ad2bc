"""Synchronous reads of the secondary indexes and the feed, over one read-only connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from remora_hub.compression import CODE
from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.store import feed_log
from remora_hub.store.changes import Commit, Fingerprint, Horizon
from remora_hub.store.connection import open_reader, store_error
from remora_hub.store.file_record import unpack_record
from remora_hub.store.keys import under_range
from remora_hub.store.maintenance import StoreStats, check_integrity, read_stats
from remora_hub.store.schema import read_index_id, unsigned_inode

_FILES_PER_READ = 64
_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's virtual machine
_NO_CODE = CODE.compress(b"")  # that of a file that is not indexed

_FINGERPRINTS = "SELECT path, size, changed_ns, inode, digest, scanned_ns, status FROM hub_file"
_AT_OR_BELOW = " WHERE path = ? OR (path >= ? AND path < ?)"
_PATHS = """
SELECT path FROM hub_file
WHERE (path = ?1 OR (path >= ?2 AND path < ?3)) AND (?4 IS NULL OR status = ?4) ORDER BY path
"""
_SYMBOLS = "SELECT f.path, s.suffixes, s.places FROM hub_file f JOIN hub_symbols s ON s.file_id = f.id"
_OF_PATH = " WHERE f.path = ?"
_IN_ORDER = " ORDER BY f.path"
# GLOB skips to the first letter faster than instr does, and sorting here keeps the scan one of this table.
_MENTIONING = """
SELECT f.path, s.suffixes FROM hub_symbols s JOIN hub_file f ON f.id = s.file_id WHERE s.suffixes GLOB ?
"""
_GLOB_SPECIAL = re.compile(r"([*?\[])")
_PARTS = """
SELECT n.nodes, c.code, r.record
FROM hub_file f JOIN hub_nodes n ON n.file_id = f.id JOIN hub_code c ON c.file_id = f.id
    JOIN hub_record r ON r.file_id = f.id
WHERE f.path = ?
"""
_MENTIONS = """
SELECT f.path, n.names, n.imports_everything FROM hub_file f JOIN hub_names n ON n.file_id = f.id
WHERE f.status = 'indexed'
"""
_CODE = "SELECT c.code FROM hub_file f JOIN hub_code c ON c.file_id = f.id WHERE f.path = ?"


class FileSymbols(NamedTuple):
    """What is needed of a file's nodes to search them by name: a line of ``suffixes`` for each, and ``places``.

    ``places`` is as in ``facts.PackedFile``.
    """

    path: str
    suffixes: str
    places: str


class IndexReader:
    """For one thread at a time; needs no event loop. Raises StoreError, CorruptStoreError where data is damaged.

    Every method reads one consistent state. Iterators read some files at a time, in short transactions, so that a
    slow consumer never keeps an old view open: each file is whole, but the sequence of files is no one moment's.
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = 5000, cache_mb: int = 4) -> None:
        self._path = path
        self._stats: StoreStats | None = None
        self._connection = open_reader(path, busy_timeout_ms=busy_timeout_ms, cache_mb=cache_mb)

    def close(self) -> None:
        """Close the connection; again and again if you like."""
        self._connection.close()

    def end_when(self, is_over: Callable[[], bool]) -> None:
        """Have reads end with a StoreError as soon as ``is_over``, which is asked every millisecond or so."""
        self._connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)

    def fingerprints(self, under: str | None = None) -> dict[str, Fingerprint]:
        """What is known of every file (at or below ``under``), by path."""
        with self._errors():
            rows = (
                self._connection.execute(_FINGERPRINTS + _AT_OR_BELOW, under_range(under))
                if under
                else self._connection.execute(
                    _FINGERPRINTS
                )  # a plain scan: half the time for all of a repository
            )
            return _fingerprints(rows)

    def fingerprints_of(self, paths: Sequence[str]) -> dict[str, Fingerprint]:
        """What is known of those of these files that are known at all, by path."""
        with self._errors():
            places = ",".join("?" * len(paths))
            return _fingerprints(self._connection.execute(f"{_FINGERPRINTS} WHERE path IN ({places})", paths))

    def paths(self, under: str | None = None, status: str | None = None) -> list[str]:
        """The paths of all files (at or below ``under``, of one status), sorted."""
        with self._errors():
            rows = self._connection.execute(_PATHS, (*under_range(under), status))
            return [str(path) for (path,) in rows]

    def nodes_named(self, name: str, among: Iterable[str] | None = None) -> list[tuple[str, str]]:
        """``(path, suffix)`` of every node whose qualified name is ``name`` or ends in a dot and ``name``, sorted.

        ``among`` are the files to look into, all unless given.
        """
        with self._snapshot():
            if among is None:
                escaped = _GLOB_SPECIAL.sub(r"[\1]", name)
                rows = sorted(self._connection.execute(_MENTIONING, (f"*{escaped}*",)))
            else:
                execute = self._connection.execute
                rows = [row[:2] for path in sorted(among) for row in execute(_SYMBOLS + _OF_PATH, (path,))]
            name_at_end = re.compile(rf"{re.escape(name)}(?:#\d+)?$", re.MULTILINE)
            return [
                (str(path), suffix)
                for path, suffixes in rows
                for suffix in _lines_ending_in(name_at_end, str(suffixes))
            ]

    def symbols(self, paths: Sequence[str] | None = None) -> list[FileSymbols]:
        """The symbols of these files, or of all in the order of their paths, read at one moment."""
        with self._snapshot():
            if paths is None:
                rows = self._connection.execute(_SYMBOLS + _IN_ORDER).fetchall()
            else:
                rows = [
                    row for path in paths for row in self._connection.execute(_SYMBOLS + _OF_PATH, (path,))
                ]
        return [_symbols_of_file(str(path), str(suffixes), str(places)) for path, suffixes, places in rows]

    def code_of(self, path: str) -> bytes | None:
        """The code of one file, as in ``facts.PackedFile``; None for a file that is unknown or was not understood."""
        return self._blob(_CODE, path) or None

    def file_parts(self, path: str) -> tuple[bytes, bytes, str] | None:
        """``(nodes, code, record)`` of a file that was understood, as in ``facts.PackedFile``; else None."""
        with self._errors():
            for nodes, code, record in self._connection.execute(_PARTS, (path,)):
                return bytes(nodes), bytes(code) or _NO_CODE, unpack_record(record)
            return None

    def mentions(self) -> list[tuple[str, bytes, bool]]:
        """``(path, names, imports_everything)`` of each file that was understood, read at one moment.

        ``names`` as in ``facts.PackedFile``.
        """
        with self._errors():
            rows = self._connection.execute(_MENTIONS)
            return [(str(path), bytes(names), bool(everything)) for path, names, everything in rows]

    def index_id(self) -> str:
        """What tells this index from any other: sequence numbers mean something only beside it."""
        with self._errors():
            return read_index_id(self._connection)

    def sequence(self) -> int:
        """The number of the latest commit; 0 before the first."""
        with self._errors():
            return feed_log.read_sequence(self._connection)

    def changes_since(self, seq: int, limit: int = 1000) -> list[Commit] | Horizon:
        """At most ``limit`` commits after ``seq``, oldest first; a Horizon where the feed cannot tell."""
        with self._snapshot():
            return feed_log.read_since(self._connection, seq, limit)

    def stats(self) -> StoreStats:
        """Counts and sizes."""
        with self._snapshot():
            self._stats = read_stats(self._connection, self._path, self._stats)
            return self._stats

    def integrity_check(self) -> list[str]:
        """Everything that is wrong with the file, one sentence each; empty if it is sound."""
        with self._snapshot():
            return check_integrity(self._connection)

    def _blob(self, statement: str, path: str) -> bytes | None:
        with self._errors():
            return next((bytes(blob) for (blob,) in self._connection.execute(statement, (path,))), None)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """One read transaction: all reads inside see the same commit."""
        with self._errors():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")  # nothing was written

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except apsw.ConnectionClosedError as error:
            raise StoreError("read the store", str(self._path), "it is closed") from error
        except apsw.Error as error:
            raise store_error("read the store", self._path, error) from error


def _fingerprints(rows: Iterable[tuple[Any, ...]]) -> dict[str, Fingerprint]:
    return {
        path: Fingerprint(size, changed_ns, unsigned_inode(inode), digest, scanned_ns, status)
        for path, size, changed_ns, inode, digest, scanned_ns, status in rows
    }


def _lines_ending_in(name_at_end: re.Pattern[str], suffixes: str) -> Iterator[str]:
    """The lines that ``name_at_end`` matches, and that have nothing or a dot before what it matches."""
    for found in name_at_end.finditer(suffixes):
        start = found.start()
        if start == 0 or suffixes[start - 1] in ".\n":
            yield suffixes[suffixes.rfind("\n", 0, start) + 1 : found.end()]


def _symbols_of_file(path: str, suffixes: str, places: str) -> FileSymbols:
    marks = max(places.find(" "), 0)
    if suffixes.count("\n") != max(marks - 1, 0):
        raise CorruptStoreError(
            "read the symbols of", path, "places and names differ in number", "the index will be rebuilt"
        )
    return FileSymbols(path, suffixes, places)


def batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """``paths`` in runs that are read in one transaction each."""
    return (paths[start : start + _FILES_PER_READ] for start in range(0, len(paths), _FILES_PER_READ))
