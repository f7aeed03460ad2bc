"""Tables of the database file, its versions, and how a file is made, checked, rebuilt or refused.

The file is in AgentFS layout (specification 0.4): the tables the agentfs-sdk makes, and ``hub_*`` tables beside
them. No trigger, generated column or virtual table, which its engine refuses.

Both versions stand in the file's header (``user_version``), where they can be read without SQLite touching
anything. Schema versions:

1. The first.
2. Key suffixes stand in a table of their own, with what a search by name needs beside them.
3. A fingerprint has the later of a file's two times, for the one of its content can be set back.
4. Records of files are compressed, in a table of their own; so are names.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

import apsw

from remora_hub.errors import CorruptStoreError, NewerIndexError
from remora_hub.store import feed_log

SCHEMA_VERSION = 4
APPLICATION_ID = 0x526D4862  # "RmHb"
SNAPSHOT_APPLICATION_ID = 0x526D5373  # "RmSs"
_EXTRACTORS_PER_SCHEMA = 100_000

AGENTFS_TABLES = """
CREATE TABLE kv_store (
    key TEXT PRIMARY KEY, value TEXT NOT NULL,
    created_at INTEGER DEFAULT (unixepoch()), updated_at INTEGER DEFAULT (unixepoch()));
CREATE TABLE fs_config (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE fs_inode (
    ino INTEGER PRIMARY KEY AUTOINCREMENT, mode INTEGER NOT NULL, nlink INTEGER NOT NULL DEFAULT 0,
    uid INTEGER NOT NULL DEFAULT 0, gid INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0,
    atime INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, rdev INTEGER NOT NULL DEFAULT 0,
    atime_nsec INTEGER NOT NULL DEFAULT 0, mtime_nsec INTEGER NOT NULL DEFAULT 0,
    ctime_nsec INTEGER NOT NULL DEFAULT 0);
CREATE TABLE fs_dentry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, parent_ino INTEGER NOT NULL, ino INTEGER NOT NULL,
    UNIQUE(parent_ino, name));
CREATE INDEX idx_fs_dentry_parent ON fs_dentry(parent_ino, name);
CREATE TABLE fs_data (
    ino INTEGER NOT NULL, chunk_index INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (ino, chunk_index));
CREATE TABLE fs_symlink (ino INTEGER PRIMARY KEY, target TEXT NOT NULL);
CREATE TABLE tool_calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, parameters TEXT, result TEXT, error TEXT,
    status TEXT NOT NULL DEFAULT 'pending', started_at INTEGER NOT NULL, completed_at INTEGER,
    duration_ms INTEGER);
CREATE INDEX idx_tool_calls_name ON tool_calls(name);
CREATE INDEX idx_tool_calls_started_at ON tool_calls(started_at);
INSERT INTO fs_config (key, value) VALUES ('chunk_size', '4096'), ('schema_version', '0.4');
INSERT INTO fs_inode (ino, mode, nlink, atime, mtime, ctime)
    VALUES (1, 16877, 1, unixepoch(), unixepoch(), unixepoch());
"""

# Wide columns have a table each, so that reading all fingerprints or searching all names touches nothing else.
_HUB_TABLES = """
CREATE TABLE hub_meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE hub_file (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, status TEXT NOT NULL, size INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, inode INTEGER NOT NULL, digest TEXT NOT NULL, scanned_ns INTEGER NOT NULL,
    node_count INTEGER NOT NULL);
CREATE TABLE hub_nodes (
    file_id INTEGER PRIMARY KEY, created_at REAL NOT NULL, nodes BLOB NOT NULL, history BLOB);
CREATE TABLE hub_symbols (file_id INTEGER PRIMARY KEY, suffixes TEXT NOT NULL, places TEXT NOT NULL);
CREATE TABLE hub_names (file_id INTEGER PRIMARY KEY, names BLOB NOT NULL, imports_everything INTEGER NOT NULL);
CREATE TABLE hub_code (file_id INTEGER PRIMARY KEY, code BLOB NOT NULL);
CREATE TABLE hub_record (file_id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE hub_commit (seq INTEGER PRIMARY KEY, at REAL NOT NULL, changes BLOB NOT NULL);
"""

# Inode numbers are unsigned 64-bit, SQLite's integers are signed.
_SIGNED_LIMIT = 1 << 63
_UNSIGNED_RANGE = 1 << 64


def signed_inode(inode: int) -> int:
    """An inode number as the database holds it."""
    return inode - _UNSIGNED_RANGE if inode >= _SIGNED_LIMIT else inode


def unsigned_inode(stored: int) -> int:
    """The inode number that the database holds as ``stored``."""
    return stored + _UNSIGNED_RANGE if stored < 0 else stored


def user_version(extractor_version: int) -> int:
    """Schema and extractor version as one number, greater where either is newer."""
    return SCHEMA_VERSION * _EXTRACTORS_PER_SCHEMA + extractor_version


def describe_version(version: int) -> str:
    """The number taken apart, for people."""
    schema, extractor = divmod(version, _EXTRACTORS_PER_SCHEMA)
    return f"schema {schema}, extractor {extractor}"


def read_index_id(connection: apsw.Connection) -> str:
    """What tells this index from any other, also from one that stood in the same place before."""
    return str(connection.execute("SELECT value FROM hub_meta WHERE key = 'index_id'").get)


def read_application_id(path: Path) -> tuple[int, int]:
    """``(application_id, user_version)`` from the header; zeros for an empty file.

    Reads 100 bytes and touches nothing. Raises CorruptStoreError if this is no SQLite file
    (https://sqlite.org/fileformat2.html, section 1.3), OSError if it cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return 0, 0
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise CorruptStoreError(
            "open the store", str(path), "its header is not SQLite's", "it will be rebuilt"
        )
    version, application_id = struct.unpack_from(">I4xI", header, 60)
    return application_id, version


def refuse_newer(path: Path, found: int, extractor_version: int) -> None:
    """Raise NewerIndexError if ``found`` (a ``user_version``) is newer than this program's."""
    if found > user_version(extractor_version):
        raise NewerIndexError(
            "open the store",
            str(path),
            f"it was written by a newer hub ({describe_version(found)})",
            "upgrade remora-hub, or delete the file to have it rebuilt",
        )


def check_pages(connection: apsw.Connection, path: Path) -> None:
    """Raise CorruptStoreError if SQLite's ``quick_check`` finds damage (some 50 ms for a large repository)."""
    if found := findings(connection.execute("PRAGMA quick_check(1)")):
        raise CorruptStoreError("open the store", str(path), found[0], "it will be rebuilt")


def findings(rows: Iterable[tuple[apsw.SQLiteValue, ...]]) -> list[str]:
    """What a check of SQLite's says, one line each: it puts many into one row, below the name of the database."""
    lines = [line for row in rows for line in str(row[0]).splitlines()]
    return [line for line in lines if line != "ok" and not line.startswith("*** in database")]


def prepare(connection: apsw.Connection, path: Path, extractor_version: int) -> str | None:
    """Make the tables in an empty file, rebuild an older one; None where the file was up to date, else why not.

    A rebuild drops every record but the sequence number, which goes on increasing; it is one transaction. What is
    made anew, file or tables, gets an index id of its own.
    Raises NewerIndexError, and CorruptStoreError for a database that is none of the hub's.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        reason = _make_tables(connection, path, extractor_version)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    if reason is not None:
        # So that the header in the file itself, not only in the log, tells the version.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return reason


def _make_tables(connection: apsw.Connection, path: Path, extractor_version: int) -> str | None:
    wanted = user_version(extractor_version)
    found = int(connection.pragma("user_version"))
    tables = [
        str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]
    sequence, reason = 0, "new index"
    if tables:
        if int(connection.pragma("application_id")) != APPLICATION_ID:
            raise CorruptStoreError("open the store", str(path), "it is not an index of the hub")
        refuse_newer(path, found, extractor_version)
        if found == wanted:
            return None
        sequence = feed_log.read_sequence(connection)
        reason = f"{describe_version(found)} is older than {describe_version(wanted)}"
        for table in tables:
            if not table.startswith("sqlite_"):
                connection.execute(f'DROP TABLE "{table}"')  # a name from sqlite_schema, quoted
    connection.execute(AGENTFS_TABLES + _HUB_TABLES)
    feed_log.write_sequence(connection, sequence)
    connection.execute("INSERT INTO hub_meta (key, value) VALUES ('index_id', ?)", (os.urandom(8).hex(),))
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", wanted)
    return reason
