"""Facts by path and digest in the user's cache directory: what one checkout had extracted, others need not parse.

Shared by all hubs of a user, so that a fresh clone, a worktree, or a branch switched back costs no parsing. A help and
never a need: what cannot be read is as if it were not there.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw
import msgspec
import xxhash

from remora_hub.compression import PLAIN
from remora_hub.errors import CorruptStoreError
from remora_hub.facts import PackedFile
from remora_hub.logs import get_logger

_BUSY_MS = 200  # another hub writes: to parse the file takes hardly longer
_LIMIT_REACHED = 0.9  # of the limit is left once it was exceeded
_DAY_S = 86_400
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts(
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, used_day INTEGER NOT NULL, facts BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS facts_by_use ON facts(used_day);
"""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PackedFile).decode

Result = TypeVar("Result")

_log = get_logger(__name__)


class KnownBytes(NamedTuple):
    """A file as the cache knows it: its path below its root (facts name it), and the digest of its bytes."""

    path: str
    digest: str

    @property
    def key(self) -> bytes:
        """16 bytes; their first 8 are the row's number."""
        return xxhash.xxh3_128_digest(f"{self.digest}:{self.path}".encode())


class FactsCache:
    """One database in ``directory`` for each version of the extractor, of ``limit_bytes`` at most.

    For any number of threads. ``problem`` is what keeps it from being used; None while nothing does.
    """

    def __init__(self, directory: Path, *, extractor_version: int, limit_bytes: int) -> None:
        self.problem: str | None = None
        self._path = directory / f"facts-{extractor_version}.db"
        self._limit_bytes = limit_bytes
        self._connection: apsw.Connection | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def get(self, files: Sequence[KnownBytes]) -> dict[str, PackedFile]:
        """The facts of those of ``files`` that are known, by path."""
        if not self._path.exists():
            return {}
        return self._use(lambda connection: _read(connection, files)) or {}

    def lacking(self, files: Sequence[KnownBytes]) -> list[KnownBytes]:
        """Those of ``files`` that are not known; the others count as used today."""
        found = self._use(lambda connection: _mark_used(connection, files))
        return [] if found is None else [file for file in files if file.path not in found]

    def put(self, file: KnownBytes, facts: PackedFile) -> None:
        """Keep facts; those not used for longest make room for them."""
        row = (_number(file.key), file.key, _today(), PLAIN.compress(_encode(facts)))
        self._use(lambda connection: _write(connection, row, self._limit_bytes))

    def close(self) -> None:
        """Close the database: from now on nothing is known or kept."""
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _use(self, work: Callable[[apsw.Connection], Result]) -> Result | None:
        """What ``work`` returns; None where the cache cannot be used. One that is damaged is deleted."""
        with self._lock:
            if self._is_closed:
                return None
            try:
                if self._connection is None:
                    self._connection = _open(self._path)
                with self._connection:  # one transaction
                    result = work(self._connection)
            except (
                apsw.CorruptError,
                apsw.NotADBError,
                apsw.SQLError,
                CorruptStoreError,
                msgspec.DecodeError,
            ) as error:
                self._delete(str(error))
            except (apsw.Error, OSError) as error:
                self._set_problem(str(error))
            else:
                self.problem = None
                return result
        return None

    def _delete(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + ending).unlink()
        _log.warning(
            "cache.damaged", path=str(self._path), reason=reason, remedy="none is needed: it is made anew"
        )

    def _set_problem(self, reason: str) -> None:
        if self.problem is None:
            remedy = "make the directory writable for you alone, or set index.facts_cache_mb to 0"
            _log.warning("cache.not_used", path=str(self._path), reason=reason, remedy=remedy)
        self.problem = reason


def _open(path: Path) -> apsw.Connection:
    """Raises OSError where others could put facts into the directory."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.parent.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError(
            f"{path.parent} is not a directory that only its owner, this user, can write to"
        )
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_MS)
        if not connection.pragma("page_count"):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_SCHEMA)
        path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: apsw.Connection, files: Sequence[KnownBytes]) -> dict[str, PackedFile]:
    found = {}
    for file in files:
        key = file.key
        row = connection.execute("SELECT facts FROM facts WHERE id = ? AND key = ?", (_number(key), key)).get
        if row is not None:
            found[file.path] = _decode(PLAIN.decompress(bytes(row)))
    return found


def _mark_used(connection: apsw.Connection, files: Sequence[KnownBytes]) -> set[str]:
    """The paths of those that are there."""
    found, today = set(), _today()
    for file in files:
        key = file.key
        row = (_number(key), key)
        used_day = connection.execute("SELECT used_day FROM facts WHERE id = ? AND key = ?", row).get
        if used_day is not None:
            found.add(file.path)
            if used_day != today:
                connection.execute("UPDATE facts SET used_day = ? WHERE id = ?", (today, row[0]))
    return found


def _write(connection: apsw.Connection, row: tuple[int, bytes, int, bytes], limit_bytes: int) -> None:
    connection.execute("INSERT OR REPLACE INTO facts VALUES(?, ?, ?, ?)", row)
    page_bytes = connection.pragma("page_size")
    if connection.pragma("page_count") * page_bytes > limit_bytes:
        _make_room(connection, int(limit_bytes * _LIMIT_REACHED) // page_bytes)


def _make_room(connection: apsw.Connection, most_pages: int) -> None:
    """Delete what was not used for longest until no more than so many pages are in use, and give back the others."""
    while connection.pragma("page_count") - connection.pragma("freelist_count") > most_pages:
        connection.execute("DELETE FROM facts WHERE id IN (SELECT id FROM facts ORDER BY used_day LIMIT 100)")
    connection.execute("PRAGMA incremental_vacuum").fetchall()


def _number(key: bytes) -> int:
    return int.from_bytes(key[:8], "little", signed=True)


def _today() -> int:
    return int(time.time()) // _DAY_S
