"""Open a database file, for writing or for reading, only if it is sound and of the right versions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import apsw

from remora_hub.errors import StoreError
from remora_hub.store import clean_stop, schema
from remora_hub.store.connection import open_reader, open_writer, store_error
from remora_hub.store.store_files import refuse_what_is_no_file


class Opened(NamedTuple):
    """A connection to a sound store of the right versions.

    ``rebuilt_reason`` is why it was made anew, None where it was not. ``is_checked`` where its last writer closed it
    and nobody wrote to it since, so that nothing in it needs a look.
    """

    connection: apsw.Connection
    rebuilt_reason: str | None
    is_checked: bool


def open_for_writing(path: Path, extractor_version: int, busy_timeout_ms: int, cache_mb: int) -> Opened:
    """Open the store, make it, or empty an older one. Raises NewerIndexError, CorruptStoreError, StoreError."""
    try:
        refuse_what_is_no_file(path)
        if path.exists():
            _refuse_newer(path, extractor_version)
        stopped_cleanly = clean_stop.take_mark(path)
    except OSError as error:
        raise StoreError("open the store", str(path), error.strerror or str(error)) from error
    try:
        connection = open_writer(path, busy_timeout_ms=busy_timeout_ms, cache_mb=cache_mb)
        try:
            if not stopped_cleanly:
                schema.check_pages(connection, path)
            rebuilt_reason = schema.prepare(connection, path, extractor_version)
            return Opened(connection, rebuilt_reason, stopped_cleanly or rebuilt_reason is not None)
        except BaseException:
            connection.close()
            raise
    except apsw.Error as error:
        raise store_error("open the store", path, error) from error


def check_readable(path: Path, extractor_version: int) -> None:
    """Raise StoreError unless the file is there and its versions are this program's."""
    if not path.exists():
        raise StoreError("open the store", str(path), "there is none", "make one with: remora-hub index")
    refuse_what_is_no_file(path)
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
