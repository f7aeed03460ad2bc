"""Reads single results while whoever likes writes them: for answers, which must neither wait nor make a file."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import apsw

from remora_hub.store.connection import open_reader, store_error

_LATEST = """
SELECT cache.model, cache.digest, cache.body
FROM hub_enrich_results AS result JOIN hub_enrich_cache AS cache ON cache.id = result.cache_id
WHERE result.task = ? AND result.key = ?
"""
_BUSY_TIMEOUT_MS = 20  # a reader of a write-ahead log waits for nobody but while the log is made or ended


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What a model made of content with this digest."""

    model: str
    digest: str
    body: bytes


class ResultReader:
    """The results in one ``enrich.db``, which may come, go and be replaced meanwhile. For any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of what is open

    def latest(self, task: str, key: str) -> StoredResult | None:
        """The result of a key, whichever model made it; None without one, or without a database. Raises StoreError."""
        with self._lock:
            try:
                connection = self._opened()
                row = None if connection is None else connection.execute(_LATEST, (task, key)).fetchone()
            except apsw.Error as error:
                self._close()
                raise store_error("read results", self._path, error) from error
        return None if row is None else StoredResult(*row)

    def _opened(self) -> apsw.Connection | None:
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            self._close()
            return None
        file = status.st_dev, status.st_ino
        if file != self._file:
            self._close()
            self._connection = open_reader(self._path, busy_timeout_ms=_BUSY_TIMEOUT_MS, cache_mb=1)
            self._file = file
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._file = None
