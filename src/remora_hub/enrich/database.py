"""The file that enrichment keeps its results in: ``enrich.db``, beside ``hub.db``.

A file of its own, for three reasons. ``hub.db`` is derived: a new extractor or a damaged page has it rebuilt from the
sources, which costs seconds, while what is in here was paid for and is made by nobody else. ``hub.db`` has one writer,
the daemon, and a run may be made without one, or beside it by a command: here any process writes, in short
transactions, and the others wait their turn. And ``hub.db`` stays what AgentFS' engine opens.

Bodies stand in ``hub_enrich_cache`` once, whatever shares them; ``hub_enrich_results`` says which item has which.
Schema versions: 1. The first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import apsw

from remora_hub.errors import CorruptStoreError, NewerIndexError
from remora_hub.logs import get_logger
from remora_hub.store.connection import open_writer, set_aside, store_error

Connection = apsw.Connection

SCHEMA_VERSION = 1
APPLICATION_ID = 0x526D456E  # "RmEn"
_BUSY_TIMEOUT_MS = 10_000
_CACHE_MB = 4

_log = get_logger(__name__)

_TABLES = """
CREATE TABLE hub_enrich_cache (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL, model TEXT NOT NULL, prompt_version TEXT NOT NULL,
    digest TEXT NOT NULL, body BLOB NOT NULL, made_at REAL NOT NULL,
    UNIQUE (task, model, prompt_version, digest));
CREATE TABLE hub_enrich_results (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL, key TEXT NOT NULL, cache_id INTEGER NOT NULL, run_id INTEGER,
    stored_at REAL NOT NULL, UNIQUE (task, key));
CREATE TABLE hub_enrich_runs (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL, model TEXT NOT NULL, prompt_version TEXT NOT NULL,
    pid INTEGER NOT NULL, began_at REAL NOT NULL, ended_at REAL, status TEXT NOT NULL, report TEXT);
CREATE TABLE hub_enrich_batches (
    run_id INTEGER NOT NULL, number INTEGER NOT NULL, items INTEGER NOT NULL, failed INTEGER NOT NULL,
    stored_at REAL NOT NULL, PRIMARY KEY (run_id, number)) WITHOUT ROWID;
CREATE TABLE hub_enrich_followed (
    task TEXT PRIMARY KEY, variant TEXT NOT NULL, index_id TEXT NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID;
"""


class EnrichDatabase:
    """An open ``enrich.db``, made if there is none. Any thread may use it, one at a time; so may any process."""

    def __init__(self, path: Path) -> None:
        """A damaged file is set aside under a dated name. Raises StoreError, NewerIndexError for a newer hub's file."""
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection = _open(path)
        except CorruptStoreError as error:
            kept = set_aside(path)
            remedy = "none needed; what it held is made again, at its price"
            _log.warning("store.damaged", reason=error.reason, kept=str(kept), remedy=remedy)
            self._connection = _open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Again and again if you like."""
        with self._lock:
            self._connection.close()

    def data_version(self) -> int:
        """Another number than before where another connection, of whichever process, has written. Raises StoreError."""
        with self._lock, self._errors("look at the store"):
            return int(self._connection.pragma("data_version"))

    @contextmanager
    def transaction(self, operation: str) -> Iterator[apsw.Connection]:
        """Write all or nothing; ``operation`` is for the message of the StoreError that is raised if nothing was."""
        with self._lock, self._errors(operation):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self, operation: str) -> Iterator[apsw.Connection]:
        """Read one state of the database. Raises StoreError."""
        with self._lock, self._errors(operation):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self, operation: str) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise store_error(operation, self.path, error) from error


def _open(path: Path) -> apsw.Connection:
    try:
        connection = open_writer(path, busy_timeout_ms=_BUSY_TIMEOUT_MS, cache_mb=_CACHE_MB)
    except apsw.Error as error:
        raise store_error("open the store", path, error) from error
    try:
        connection.execute("BEGIN IMMEDIATE")
        _prepare(connection, path)
        connection.execute("COMMIT")
    except apsw.Error as error:
        connection.close()
        raise store_error("open the store", path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: apsw.Connection, path: Path) -> None:
    """Make the tables in an empty file. Raises NewerIndexError, CorruptStoreError for another program's database."""
    found = int(connection.pragma("user_version"))
    if connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
        connection.execute(_TABLES)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", SCHEMA_VERSION)
    elif int(connection.pragma("application_id")) != APPLICATION_ID:
        raise CorruptStoreError("open the store", str(path), "it is not the hub's")
    elif found > SCHEMA_VERSION:
        reason = f"it was written by a newer hub (schema {found})"
        raise NewerIndexError("open the store", str(path), reason, "upgrade remora-hub")
