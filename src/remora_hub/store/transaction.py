"""Apply changes to files inside one open transaction, and tell what they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from remora_hub.errors import StoreError
from remora_hub.facts import PackedFile, PackedNode
from remora_hub.store import feed_log, file_record
from remora_hub.store.changes import Commit, FileRemoved, FileTouched, NodeChange
from remora_hub.store.connection import is_environmental
from remora_hub.store.keys import FILE_PREFIX, HUB_STATUS_KEY
from remora_hub.store.moves import pair_moves
from remora_hub.store.node_page import NodeDelta, StoredNode, merge_nodes, pack_page, unpack_page
from remora_hub.store.replacement import (
    NO_FACTS,
    NodesMerged,
    Replacement,
    StoreChange,
    as_replacement,
    recorded,
)
from remora_hub.store.schema import signed_inode

_PUT = {
    "nodes": "INSERT OR REPLACE INTO hub_nodes (file_id, nodes) VALUES (?, ?)",
    "symbols": "INSERT OR REPLACE INTO hub_symbols (file_id, symbols) VALUES (?, ?)",
    "names": "INSERT OR REPLACE INTO hub_names (file_id, names) VALUES (?, ?)",
    "occurrences": "INSERT OR REPLACE INTO hub_occurrences (file_id, occurrences) VALUES (?, ?)",
}
_DELETE = (
    "DELETE FROM hub_nodes WHERE file_id = ?",
    "DELETE FROM hub_symbols WHERE file_id = ?",
    "DELETE FROM hub_names WHERE file_id = ?",
    "DELETE FROM hub_occurrences WHERE file_id = ?",
    "DELETE FROM hub_file WHERE id = ?",
)


@dataclass(frozen=True, slots=True)
class _FileRow:
    id: int
    digest: str
    record: str | None


class Transaction:
    """The writes of one group, between ``BEGIN IMMEDIATE`` and ``COMMIT``, which are the writer's."""

    def __init__(self, connection: apsw.Connection, *, now: float) -> None:
        """``now`` is Unix seconds: the time of every record this transaction saves."""
        self.connection = connection
        self.now = now
        self.discarded: list[str] = []
        self.failed: dict[str, StoreError] = {}
        self._deltas: dict[str, list[NodeDelta]] = {}

    def apply(self, changes: Sequence[StoreChange], *, singly: bool) -> None:
        """Write ``changes``, at most one per path.

        ``singly`` gives each its own savepoint: one that cannot be stored is then undone and listed in ``failed``,
        while without it the first such change raises and the whole transaction is to be rolled back.
        """
        for change in changes:
            if singly:
                self._apply_in_savepoint(change)
            elif _is_current(change):
                self._apply(change)
            else:
                self.discarded.append(change.path)

    def set_hub_status(self, body: str) -> None:
        """Save the hub's own record; no sequence number, since it says nothing about the project."""
        stored = self._stored_record(HUB_STATUS_KEY)
        text = file_record.first_version(body, self.now)
        if stored is not None:
            text = file_record.next_version(stored, body, self.now) or stored
        self._put_record(HUB_STATUS_KEY, text)

    def finish(self, sequence: int, *, feed_retention_commits: int) -> Commit:
        """Write the feed's row, if any record changed, under the number after ``sequence``."""
        if not self._deltas:
            return Commit(seq=sequence, at=self.now)
        changes: dict[str, list[NodeChange]] = pair_moves(self._deltas)
        seq = sequence + 1
        feed_log.append(self.connection, seq, self.now, changes, feed_retention_commits)
        flat = tuple(change for of_file in changes.values() for change in of_file)
        return Commit(seq=seq, at=self.now, changes=flat, files=tuple(changes))

    def _apply_in_savepoint(self, change: StoreChange) -> None:
        self.connection.execute("SAVEPOINT one_file")
        try:
            if _is_current(change):
                self._apply(change)
            else:
                self.discarded.append(change.path)
        except Exception as error:  # whatever one file's content causes must not keep the others out
            if is_environmental(error):
                raise
            self.connection.execute("ROLLBACK TO one_file")
            self._deltas.pop(change.path, None)
            self.failed[change.path] = StoreError("store", change.path, str(error))
        self.connection.execute("RELEASE one_file")

    def _apply(self, change: StoreChange) -> None:
        if isinstance(change, FileTouched):
            self._touch(change)
        elif isinstance(change, FileRemoved):
            self._remove(change.path)
        elif isinstance(change, NodesMerged):
            self._merge(change)
        else:
            self._replace(as_replacement(change))

    def _touch(self, change: FileTouched) -> None:
        self.connection.execute(
            "UPDATE hub_file SET size = ?, mtime_ns = ?, inode = ?, scanned_ns = ? WHERE path = ?",
            (change.size, change.mtime_ns, signed_inode(change.inode), change.scanned_ns, change.path),
        )

    def _remove(self, path: str) -> None:
        row = self._file_row(path)
        if row is None:
            return
        merge = merge_nodes(self._nodes(path, row.id), [], self.now)
        for statement in _DELETE:
            self.connection.execute(statement, (row.id,))
        self.connection.execute("DELETE FROM kv_store WHERE key = ?", (FILE_PREFIX + path,))
        self._deltas[path] = merge.deltas

    def _merge(self, change: NodesMerged) -> None:
        row = self._file_row(change.path)
        if row is None:
            packed = PackedFile("{}", list(change.nodes), b"", b"", NO_FACTS.symbols)
            self._replace(recorded(change.path, packed))
            return
        merged = {
            node.suffix: PackedNode(node.suffix, "", node.body) for node in self._nodes(change.path, row.id)
        }
        merged.update((node.suffix, node) for node in change.nodes)
        merge = merge_nodes(self._nodes(change.path, row.id), list(merged.values()), self.now)
        if merge.deltas:
            self._put_fact("nodes", row.id, pack_page(change.path, merge.nodes))
            self._count_nodes(change.path, row, len(merge.nodes))
            self._deltas[change.path] = merge.deltas

    def _replace(self, new: Replacement) -> None:
        packed = new.packed
        row = self._file_row(new.path)
        merge = merge_nodes(self._nodes(new.path, row.id) if row else (), packed.nodes, self.now)
        body = file_record.file_body(
            new.path,
            status=new.status,
            detail=new.detail,
            digest=new.digest,
            size=new.size,
            extracted=packed.body,
        )
        if row is None or row.record is None:
            record: str | None = file_record.first_version(body, self.now)
        else:
            record = file_record.next_version(row.record, body, self.now)
        file_id = self._put_file(new, row, len(merge.nodes))
        if row is not None and row.digest == new.digest and record is None and not merge.deltas:
            return
        if record is not None:
            self._put_record(FILE_PREFIX + new.path, record)
        self._put_fact("nodes", file_id, pack_page(new.path, merge.nodes))
        self._put_fact("symbols", file_id, packed.symbols)
        self._put_fact("names", file_id, packed.names)
        self._put_fact("occurrences", file_id, packed.occurrences)
        if record is not None or merge.deltas:
            self._deltas[new.path] = merge.deltas

    def _file_row(self, path: str) -> _FileRow | None:
        rows = self.connection.execute(
            "SELECT id, digest, (SELECT value FROM kv_store WHERE key = ?1 || path) FROM hub_file WHERE path = ?2",
            (FILE_PREFIX, path),
        )
        for file_id, digest, record in rows:
            return _FileRow(int(file_id), str(digest), None if record is None else str(record))
        return None

    def _nodes(self, path: str, file_id: int) -> list[StoredNode]:
        for (blob,) in self.connection.execute("SELECT nodes FROM hub_nodes WHERE file_id = ?", (file_id,)):
            return unpack_page(path, bytes(blob))
        return []

    def _put_file(self, new: Replacement, row: _FileRow | None, node_count: int) -> int:
        self.connection.execute(
            "INSERT INTO hub_file (id, path, status, size, mtime_ns, inode, digest, scanned_ns, node_count)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET status = excluded.status, size = excluded.size,"
            " mtime_ns = excluded.mtime_ns, inode = excluded.inode, digest = excluded.digest,"
            " scanned_ns = excluded.scanned_ns, node_count = excluded.node_count",
            (
                row.id if row else None,
                new.path,
                new.status,
                new.size,
                new.mtime_ns,
                signed_inode(new.inode),
                new.digest,
                new.scanned_ns,
                node_count,
            ),
        )
        return row.id if row else self.connection.last_insert_rowid()

    def _count_nodes(self, path: str, row: _FileRow, node_count: int) -> None:
        self.connection.execute("UPDATE hub_file SET node_count = ? WHERE id = ?", (node_count, row.id))
        if row.record is not None:
            body = file_record.with_node_count(row.record, node_count)
            record = file_record.next_version(row.record, body, self.now)
            if record is not None:
                self._put_record(FILE_PREFIX + path, record)

    def _put_fact(self, column: str, file_id: int, blob: bytes) -> None:
        self.connection.execute(_PUT[column], (file_id, blob))

    def _stored_record(self, key: str) -> str | None:
        for (value,) in self.connection.execute("SELECT value FROM kv_store WHERE key = ?", (key,)):
            return str(value)
        return None

    def _put_record(self, key: str, text: str) -> None:
        seconds = int(self.now)
        self.connection.execute(
            "INSERT INTO kv_store (key, value, created_at, updated_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            (key, text, seconds, seconds),
        )


def _is_current(change: StoreChange) -> bool:
    if isinstance(change, Replacement | NodesMerged) or change.still_current is None:
        return True
    return change.still_current()
