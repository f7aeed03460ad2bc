"""Open connections to the database file, and tell its errors apart."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from urllib.parse import quote

import apsw

from remora_hub.errors import CorruptStoreError, StoreError

# Blobs of 1 to 5 KB pack badly into smaller pages (4096: 5 % more), larger ones double what a single save writes.
PAGE_BYTES = 8192
# After a checkpoint the write-ahead log is cut back to this; see writer.WAL_LIMIT_BYTES for its upper bound.
_JOURNAL_LIMIT_BYTES = 4 * 1024 * 1024
_AUTOCHECKPOINT_PAGES = _JOURNAL_LIMIT_BYTES // PAGE_BYTES

_COMPANIONS = ("-wal", "-shm", "-journal")
_BUSY_STEP_S = 0.005
_MOST_COPIES = 3  # of damaged databases that are kept

_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
# What comes from the surroundings and may pass: a lock, a full or read-only disk, an I/O error.
_PASSING = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.AuthError,
    apsw.InterruptError,
    apsw.ProtocolError,
)
# What that is, and what a person can do about it.
_REASONS: dict[type[BaseException], tuple[str, str]] = {
    apsw.BusyError: ("another process holds its lock", "end that process, which lsof names"),
    apsw.LockedError: ("another connection holds its lock", "end the process that has it, which lsof names"),
    apsw.FullError: ("the disk is full", "free space on the disk of the state directory"),
    apsw.ReadOnlyError: ("it is read-only", "make the state directory and its file system writable"),
    apsw.CantOpenError: ("it cannot be opened", "check the permissions of the state directory"),
    apsw.IOError: ("input or output failed", "check the disk and its quota; the kernel's log says more"),
}


def open_writer(path: Path, *, busy_timeout_ms: int, cache_mb: int) -> apsw.Connection:
    """The connection that writes; makes the file if there is none.

    ``synchronous=NORMAL`` with a write-ahead log: a killed process loses nothing that was committed; a power cut may
    lose the last commits but never leaves a damaged file, and the next start finds what is missing on disk.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOFOLLOW
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(busy_timeout_ms)
    if connection.pragma("page_count") == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    _use_a_log(connection, busy_timeout_ms)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_AUTOCHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(f"PRAGMA cache_size = -{cache_mb * 1024}")
    return connection


def _use_a_log(connection: apsw.Connection, busy_timeout_ms: int) -> None:
    """Where several make a file at once, SQLite has none of them wait for this: each holds what the others want."""
    deadline = time.monotonic() + busy_timeout_ms / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            # SQLite calls no busy handler here, and tells nobody that the lock is free.
            time.sleep(_BUSY_STEP_S)
        else:
            return


def open_reader(path: Path, *, busy_timeout_ms: int = 5000, cache_mb: int = 4) -> apsw.Connection:
    """A connection that cannot write. Raises StoreError, CorruptStoreError.

    Even a reader makes files beside the database, to share its log. Where none can be made and there is no log, nobody
    can be writing either, and the file is read as it is.
    """
    try:
        if _is_at_rest(path):
            location, flags = f"file:{quote(os.fsencode(path))}?immutable=1", apsw.SQLITE_OPEN_URI
        else:
            location, flags = str(path), apsw.SQLITE_OPEN_NOFOLLOW
        connection = apsw.Connection(location, flags=flags | apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(busy_timeout_ms)
        connection.execute(f"PRAGMA cache_size = -{cache_mb * 1024}")
        connection.execute("PRAGMA query_only = ON")
    except apsw.Error as error:
        raise store_error("open the store", path, error) from error
    return connection


def _is_at_rest(path: Path) -> bool:
    return not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()


def is_environmental(error: Exception) -> bool:
    """Whether a failed write was the fault of the database or its surroundings, not of what was to be written."""
    return isinstance(error, (*_PASSING, StoreError)) or _is_damage(error)


def store_error(operation: str, subject: Path | str, error: Exception) -> StoreError:
    """The StoreError for an error met on a database: corrupt, recoverable (disk full, locked, ...), or neither."""
    if isinstance(error, StoreError):
        return error
    if _is_damage(error):
        return CorruptStoreError(
            operation, str(subject), f"the file is damaged: {error}", "it will be rebuilt"
        )
    kind = apsw.ReadOnlyError if isinstance(error, apsw.IOError) and _is_read_only(subject) else type(error)
    reason, hint = _REASONS.get(kind, ("", ""))
    failure = StoreError(operation, str(subject), f"{reason}: {error}" if reason else str(error), hint)
    failure.recoverable = isinstance(error, _PASSING)
    return failure


def _is_read_only(subject: Path | str) -> bool:
    """Whether its file system is: one that turns so under open files fails writes as a broken disk does."""
    try:
        return bool(os.statvfs(Path(subject).parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _is_damage(error: Exception) -> bool:
    """A table that is missing counts, too: another program dropped it; and a file that ends too early."""
    if isinstance(error, apsw.IOError):
        extended_result: int = getattr(error, "extendedresult", 0)  # the types that apsw ships do not know it
        return extended_result == apsw.SQLITE_IOERR_SHORT_READ
    return isinstance(error, _DAMAGED) or (isinstance(error, apsw.SQLError) and "no such " in str(error))


def set_aside(path: Path) -> Path | None:
    """Rename a damaged database and its companions under a dated name, for a person to look at; the latest three stay.

    Returns the new path of the database, None if there is nothing. Raises StoreError if the renaming fails.
    """
    found = [ending for ending in ("", *_COMPANIONS) if os.path.lexists(f"{path}{ending}")]
    if not found:
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    counter = 1
    while os.path.lexists(aside):
        counter += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{counter}")
    try:
        for ending in found:
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
        _drop_oldest(path)
    except OSError as error:
        raise StoreError("set aside", str(path), error.strerror or str(error)) from error
    return aside


def _drop_oldest(path: Path) -> None:
    """A disk that goes bad would else be filled with copies."""
    copies: dict[str, list[Path]] = {}
    for place in path.parent.glob(f"{path.name}.damaged-*"):
        name = place.name
        for ending in _COMPANIONS:
            name = name.removesuffix(ending)
        copies.setdefault(name, []).append(place)
    oldest_first = sorted(copies, key=lambda name: max(place.lstat().st_ctime_ns for place in copies[name]))
    for name in oldest_first[:-_MOST_COPIES]:
        for place in copies[name]:
            if not stat.S_ISDIR(place.lstat().st_mode):  # whoever put one there may want it
                place.unlink()
