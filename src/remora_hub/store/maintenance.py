"""Counts and sizes, the check for damage, and the collection of what nothing refers to any more."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec

from remora_hub.compression import CODE
from remora_hub.errors import CorruptStoreError
from remora_hub.facts import check_nodes, has_place_for_each
from remora_hub.store import feed_log, file_record
from remora_hub.store.node_page import NodePage, unpack_page
from remora_hub.store.schema import findings, read_index_id

# The most that one collection hands back to the file system: it passes through the write-ahead log.
_VACUUM_PAGES = 4096

_ORPHANED_FACTS = (
    "DELETE FROM hub_nodes WHERE file_id NOT IN (SELECT id FROM hub_file)",
    "DELETE FROM hub_symbols WHERE file_id NOT IN (SELECT id FROM hub_file)",
    "DELETE FROM hub_names WHERE file_id NOT IN (SELECT id FROM hub_file)",
    "DELETE FROM hub_code WHERE file_id NOT IN (SELECT id FROM hub_file)",
    "DELETE FROM hub_record WHERE file_id NOT IN (SELECT id FROM hub_file)",
)
# Nodes and files are no business of this table here: only a snapshot has them, and a client may have brought some back.
_ORPHANED_RECORDS = """
DELETE FROM kv_store WHERE (key >= 'node:' AND key < 'node;') OR (key >= 'file:' AND key < 'file;')
"""


# No file has such a fingerprint, so the next comparison reads it.
_FORGET = "UPDATE hub_file SET changed_ns = 0, digest = '', scanned_ns = 0 "


class Limits(msgspec.Struct, frozen=True):
    """What decides which files are left out: the largest file in bytes, the longest parse in seconds."""

    max_file_bytes: int
    parse_timeout_s: float


class StoreStats(msgspec.Struct, frozen=True):
    """Counts and sizes; ``oldest_sequence`` is how far back the change feed reaches.

    Sequence numbers count the commits of one index, which ``index_id`` names.
    """

    index_id: str
    files_by_status: dict[str, int]
    nodes: int
    sequence: int
    oldest_sequence: int
    database_bytes: int
    wal_bytes: int
    free_bytes: int

    @property
    def files(self) -> int:
        """Files with a record, whatever their status."""
        return sum(self.files_by_status.values())


class Collected(msgspec.Struct, frozen=True):
    """What a collection removed; ``freed_bytes`` went back to the file system."""

    facts: int
    records: int
    commits: int
    freed_bytes: int


def read_stats(connection: apsw.Connection, path: Path, known: StoreStats | None = None) -> StoreStats:
    """Counts and sizes; call it in a read transaction. Where nothing was committed since, the counts are ``known``."""
    index_id, sequence = read_index_id(connection), feed_log.read_sequence(connection)
    if known is not None and (known.index_id, known.sequence) == (index_id, sequence):
        by_status, nodes = known.files_by_status, known.nodes
    else:
        by_status, nodes = _counts(connection)
    page_bytes = int(connection.pragma("page_size"))
    wal = path.with_name(path.name + "-wal")
    return StoreStats(
        index_id=index_id,
        files_by_status=by_status,
        nodes=nodes,
        sequence=sequence,
        oldest_sequence=feed_log.read_oldest(connection),
        database_bytes=int(connection.pragma("page_count")) * page_bytes,
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
        free_bytes=int(connection.pragma("freelist_count")) * page_bytes,
    )


def _counts(connection: apsw.Connection) -> tuple[dict[str, int], int]:
    """Files by their status, and all nodes: by a look at every file, a millisecond for 6,000."""
    by_status: dict[str, int] = {}
    nodes = 0
    for status, files, of_status in connection.execute(
        "SELECT status, count(*), sum(node_count) FROM hub_file GROUP BY status ORDER BY status"
    ):
        by_status[str(status)] = int(files)
        nodes += int(of_status)
    return by_status, nodes


def check_integrity(connection: apsw.Connection) -> list[str]:
    """What is wrong with the file, one sentence each: SQLite's own check, and every packed page of nodes and code."""
    if problems := findings(connection.execute("PRAGMA integrity_check(20)")):
        return problems
    damaged: list[str] = []
    for path, expected, places, *columns in connection.execute(
        "SELECT f.path, f.node_count, s.places, n.created_at, s.suffixes, n.nodes, n.history FROM hub_file f"
        " LEFT JOIN (hub_nodes n JOIN hub_symbols s ON s.file_id = n.file_id) ON n.file_id = f.id"
    ):
        if columns[0] is None:
            damaged.append(f"{path} has no nodes, not even its module")
            continue
        page = NodePage(*columns)
        try:
            found = len(unpack_page(str(path), page))
            check_nodes(page.nodes)
        except (CorruptStoreError, ValueError) as error:
            damaged.append(
                str(error) if isinstance(error, CorruptStoreError) else f"a record of {path}: {error}"
            )
        else:
            if found != expected:
                damaged.append(f"{path} should have {expected} nodes and has {found}")
            elif not has_place_for_each(str(places), found):
                damaged.append(f"{path} has not a place for each of its {found} nodes")
    damaged += _contradictions(connection)
    for path, code in connection.execute(
        "SELECT f.path, c.code FROM hub_file f JOIN hub_code c ON c.file_id = f.id WHERE length(c.code) > 0"
    ):
        try:
            CODE.decompress(code)
        except CorruptStoreError as error:
            damaged.append(f"the code of {path}: {error.reason}")
    return damaged


def _contradictions(connection: apsw.Connection) -> list[str]:
    """Files whose tables say different things of them, which no check of pages finds."""
    found: list[str] = []
    for path, status, digest, has_names, has_code, record in connection.execute(
        "SELECT f.path, f.status, f.digest, n.file_id IS NOT NULL, c.file_id IS NOT NULL, r.record FROM hub_file f"
        " LEFT JOIN hub_names n ON n.file_id = f.id LEFT JOIN hub_code c ON c.file_id = f.id"
        " LEFT JOIN hub_record r ON r.file_id = f.id"
    ):
        try:
            said = (
                None if record is None else file_record.status_and_digest(file_record.unpack_record(record))
            )
        except (ValueError, CorruptStoreError):
            said = None
        if said is None:
            found.append(f"{path} has no record that can be read")
        elif status != said[0] or digest not in ("", said[1]):  # none: to be read again
            found.append(f"{path} is not what its record says")
        elif status == "indexed" and not (has_names and has_code):
            found.append(f"{path} has no names or no code")
    return found


def keep_to_limits(connection: apsw.Connection, limits: Limits) -> int:
    """Have what was decided by other limits decided again: such files are forgotten; returns how many.

    A file that timed out, or that was too large, is not looked at again while it stays the same.
    """
    before = [value for (value,) in connection.execute("SELECT value FROM hub_meta WHERE key = 'limits'")]
    wanted = str(msgspec.json.encode(limits), "utf-8")
    if before == [wanted]:
        return 0
    was = msgspec.json.decode(before[0], type=Limits) if before else None
    connection.execute("BEGIN IMMEDIATE")
    try:
        forgotten = 0
        if was is None or was.parse_timeout_s < limits.parse_timeout_s:
            connection.execute(_FORGET + "WHERE status = 'timed_out'")
            forgotten += connection.changes()
        if was is None or was.max_file_bytes != limits.max_file_bytes:
            connection.execute(
                _FORGET + "WHERE (size > ?) IS NOT (status = 'too_large')", (limits.max_file_bytes,)
            )
            forgotten += connection.changes()
        connection.execute("INSERT OR REPLACE INTO hub_meta (key, value) VALUES ('limits', ?)", (wanted,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return forgotten


def collect(connection: apsw.Connection, feed_retention_commits: int) -> Collected:
    """Remove orphans and old feed rows, hand free pages back, refresh the planner's statistics."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        facts = records = 0
        for statement in _ORPHANED_FACTS:
            connection.execute(statement)
            facts += connection.changes()
        connection.execute(_ORPHANED_RECORDS)
        records = connection.changes()
        commits = feed_log.trim(connection, feed_log.read_sequence(connection), feed_retention_commits)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    connection.execute("PRAGMA optimize").fetchall()
    pages = int(connection.pragma("page_count"))
    connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
    freed = (pages - int(connection.pragma("page_count"))) * int(connection.pragma("page_size"))
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return Collected(facts=facts, records=records, commits=commits, freed_bytes=freed)
