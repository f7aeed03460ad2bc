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

from remora_hub.errors import NewerIndexError
from remora_hub.store.connection import open_writer, store_error

Connection = apsw.Connection

SCHEMA_VERSION = 1
APPLICATION_ID = 0x526D456E  # "RmEn"
_BUSY_TIMEOUT_MS = 10_000
_CACHE_MB = 4

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
"""


class EnrichDatabase:
    """An open ``enrich.db``, made if there is none. Any thread may use it, one at a time; so may any process."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError, NewerIndexError for a file of a newer hub's."""
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection = open_writer(path, busy_timeout_ms=_BUSY_TIMEOUT_MS, cache_mb=_CACHE_MB)
        except apsw.Error as error:
            raise store_error("open the store", path, error) from error
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Again and again if you like."""
        with self._lock:
            self._connection.close()

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

    def _prepare(self) -> None:
        with self.transaction("open the store") as connection:
            found = int(connection.pragma("user_version"))
            if found > SCHEMA_VERSION:
                raise NewerIndexError(
                    "open the store", str(self.path), f"it was written by a newer hub (schema {found})"
                )
            if found == 0:
                connection.execute(_TABLES)
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", SCHEMA_VERSION)
