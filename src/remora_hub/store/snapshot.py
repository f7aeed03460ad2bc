"""Write a consistent copy of all records in plain AgentFS layout, for the agentfs-sdk, fsdantic and other tools.

A copy by ``VACUUM INTO`` would keep the hub's packed pages; here every node is a row of ``kv_store``, with the
SDK's own table definitions, so that its clients can also write to the copy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import apsw

from remora_hub.errors import StoreError
from remora_hub.store.connection import PAGE_BYTES, store_error
from remora_hub.store.file_record import times, unpack_record
from remora_hub.store.keys import FILE_PREFIX, node_key
from remora_hub.store.node_page import NodePage, record_text, unpack_page
from remora_hub.store.schema import AGENTFS_TABLES, SNAPSHOT_APPLICATION_ID, read_application_id

_INSERT = "INSERT INTO kv_store (key, value, created_at, updated_at) VALUES (?, ?, ?, ?)"


def write_snapshot(source: Path, target: Path, *, force: bool = False) -> int:
    """Copy the records of the database ``source`` to ``target``, which appears whole or not at all.

    Returns the number of records. An older snapshot at ``target`` is replaced; any other file only with ``force``.
    Reads one state of ``source``, beside a writer. Raises StoreError, CorruptStoreError.
    """
    if not force:
        _refuse_other_files(target)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        records = _copy(source, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        # A log left by a client of the former file would be replayed onto the new one.
        for ending in ("-wal", "-shm"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        partial.replace(target)
    except apsw.Error as error:
        raise store_error("write the snapshot", target, error) from error
    except OSError as error:
        raise StoreError("write the snapshot", str(target), error.strerror or str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return records


def _refuse_other_files(target: Path) -> None:
    try:
        application_id, _version = read_application_id(target)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError("write the snapshot", str(target), error.strerror or str(error)) from error
    except StoreError:
        application_id = None  # no database at all
    if application_id != SNAPSHOT_APPLICATION_ID:
        raise StoreError(
            "write the snapshot", str(target), "there is another file", "overwrite it with --force"
        )


def _copy(source: Path, partial: Path) -> int:
    connection = apsw.Connection(
        str(partial), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    )
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        # The copy is thrown away if it is not finished: it needs no journal.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS hub", (f"file:{quote(str(source.absolute()))}?mode=ro",))
        connection.execute("BEGIN")
        connection.execute(AGENTFS_TABLES)
        connection.execute(
            "INSERT INTO main.kv_store SELECT key, value, created_at, updated_at FROM hub.kv_store"
        )
        connection.executemany(_INSERT, _file_rows(connection))
        connection.executemany(_INSERT, _node_rows(connection))
        connection.execute("CREATE INDEX idx_kv_store_created_at ON kv_store(created_at)")
        connection.pragma("application_id", SNAPSHOT_APPLICATION_ID)
        connection.execute("COMMIT")
        return int(connection.execute("SELECT count(*) FROM main.kv_store").get)
    finally:
        connection.close()


def _file_rows(connection: apsw.Connection) -> Iterator[tuple[str, str, int, int]]:
    records = "SELECT f.path, r.record FROM hub.hub_file f JOIN hub.hub_record r ON r.file_id = f.id ORDER BY f.path"
    for path, blob in connection.execute(records):
        text = unpack_record(blob)
        created_at, updated_at = times(text)
        yield FILE_PREFIX + str(path), text, int(created_at), int(updated_at)


def _node_rows(connection: apsw.Connection) -> Iterator[tuple[str, str, int, int]]:
    pages = connection.execute(
        "SELECT f.path, n.created_at, s.suffixes, n.nodes, n.history FROM hub.hub_file f"
        " JOIN hub.hub_nodes n ON n.file_id = f.id JOIN hub.hub_symbols s ON s.file_id = f.id ORDER BY f.path"
    )
    for path, *columns in pages:
        for node in unpack_page(str(path), NodePage(*columns)):
            key = node_key(str(path), node.suffix)
            yield key, record_text(node), int(node.history.created_at), int(node.history.updated_at)
