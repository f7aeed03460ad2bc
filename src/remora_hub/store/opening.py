"""Open a database file, for writing or for reading, only if it is sound and of the right versions."""

from __future__ import annotations

from pathlib import Path

import apsw

from remora_hub.errors import StoreError
from remora_hub.store import clean_stop, schema
from remora_hub.store.connection import open_reader, open_writer, store_error


def open_for_writing(
    path: Path, extractor_version: int, busy_timeout_ms: int, cache_mb: int
) -> tuple[apsw.Connection, str | None]:
    """A connection to a sound store of the right versions, and why it was made anew, if it was."""
    if path.exists():
        _refuse_newer(path, extractor_version)
    try:
        stopped_cleanly = clean_stop.take_mark(path)
    except OSError as error:
        raise StoreError("open the store", str(path), error.strerror or str(error)) from error
    try:
        connection = open_writer(path, busy_timeout_ms=busy_timeout_ms, cache_mb=cache_mb)
        try:
            if not stopped_cleanly:
                schema.check_pages(connection, path)
            return connection, schema.prepare(connection, path, extractor_version)
        except BaseException:
            connection.close()
            raise
    except apsw.Error as error:
        raise store_error("open the store", path, error) from error


def check_readable(path: Path, extractor_version: int) -> None:
    """Raise StoreError unless the file is there and its versions are this program's."""
    if not path.exists():
        raise StoreError("open the store", str(path), "there is none", "make one with: remora-hub index")
    _refuse_newer(path, extractor_version)
    connection = open_reader(path)
    try:
        found = int(connection.pragma("user_version"))
    except apsw.Error as error:
        raise store_error("open the store", path, error) from error
    finally:
        connection.close()
    schema.refuse_newer(path, found, extractor_version)
    if found != schema.user_version(extractor_version):
        reason = f"it was written by an older hub ({schema.describe_version(found)})"
        raise StoreError("open the store", str(path), reason, "rebuild it with: remora-hub index")


def _refuse_newer(path: Path, extractor_version: int) -> None:
    try:
        application_id, found = schema.read_application_id(path)
    except OSError as error:
        raise StoreError("open the store", str(path), error.strerror or str(error)) from error
    if application_id == schema.APPLICATION_ID:
        schema.refuse_newer(path, found, extractor_version)
