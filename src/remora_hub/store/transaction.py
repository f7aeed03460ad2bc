"""Apply changes to files inside one open transaction, and tell what they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from remora_hub.errors import StoreError
from remora_hub.facts import unpack_nodes
from remora_hub.store import feed_log, file_record
from remora_hub.store.changes import Commit, FileRemoved, FileTouched
from remora_hub.store.connection import is_environmental
from remora_hub.store.keys import FILE_PREFIX, HUB_STATUS_KEY
from remora_hub.store.moves import FileDelta, pair_moves
from remora_hub.store.node_page import (
    NodeDelta,
    NodePage,
    join_suffixes,
    merge_nodes,
    pack_history,
    unpack_page,
)
from remora_hub.store.replacement import (
    NodesMerged,
    Replacement,
    StoreChange,
    as_replacement,
    pack_bodies,
    recorded,
)
from remora_hub.store.schema import signed_inode

_PUT_NODES = (
    "INSERT OR REPLACE INTO hub_nodes (file_id, created_at, suffixes, nodes, history) VALUES (?, ?, ?, ?, ?)"
)
_PUT_NAMES = "INSERT OR REPLACE INTO hub_names (file_id, names) VALUES (?, ?)"
_PUT_CODE = "INSERT OR REPLACE INTO hub_code (file_id, code) VALUES (?, ?)"
_DELETE = (
    "DELETE FROM hub_nodes WHERE file_id = ?",
    "DELETE FROM hub_names WHERE file_id = ?",
    "DELETE FROM hub_code WHERE file_id = ?",
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
        self._deltas: dict[str, FileDelta] = {}

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
        by_file = pair_moves(self._deltas)
        seq = sequence + 1
        feed_log.append(self.connection, seq, self.now, by_file, feed_retention_commits)
        return Commit(seq=seq, at=self.now, by_file=by_file)

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
        page = self._page(row.id)
        gone = unpack_page(path, page) if page else []
        for statement in _DELETE:
            self.connection.execute(statement, (row.id,))
        self.connection.execute("DELETE FROM kv_store WHERE key = ?", (FILE_PREFIX + path,))
        self._deltas[path] = FileDelta([NodeDelta("removed", node.suffix, node.body) for node in gone])

    def _merge(self, change: NodesMerged) -> None:
        row = self._file_row(change.path)
        page = self._page(row.id) if row else None
        if row is None or page is None:
            body = f'{{"node_count":{len(change.bodies)}}}'
            self._replace(recorded(change.path, body, change.bodies))
            return
        bodies = {node.suffix: node.body for node in unpack_page(change.path, page)} | dict(change.bodies)
        delta = self._put_nodes(change.path, row.id, page, list(bodies), pack_bodies(bodies))
        if delta:
            self._count_nodes(change.path, row, len(bodies))
            self._deltas[change.path] = delta

    def _replace(self, new: Replacement) -> None:
        packed = new.packed
        row = self._file_row(new.path)
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
        file_id = self._put_file(new, row, len(packed.suffixes))
        page = self._page(row.id) if row else None
        delta = self._put_nodes(new.path, file_id, page, packed.suffixes, packed.nodes)
        if row is not None and row.digest == new.digest and record is None and not delta:
            return
        if record is not None:
            self._put_record(FILE_PREFIX + new.path, record)
        self.connection.execute(_PUT_NAMES, (file_id, packed.names))
        self.connection.execute(_PUT_CODE, (file_id, packed.code))
        if record is not None or delta:
            self._deltas[new.path] = delta

    def _put_nodes(
        self, path: str, file_id: int, page: NodePage | None, suffixes: list[str], nodes: bytes
    ) -> FileDelta:
        """Save the nodes of a file in place of those in ``page``; what that changes.

        Where there were none, the blob is stored unseen. Else both are unpacked and compared.
        """
        joined = join_suffixes(suffixes)
        if page is None or not page.suffixes:
            self.connection.execute(_PUT_NODES, (file_id, self.now, joined, nodes, None))
            return FileDelta(added=suffixes, nodes=nodes)
        unpacked = dict(zip(suffixes, unpack_nodes(nodes), strict=True))
        merge = merge_nodes(unpack_page(path, page), unpacked, page.created_at, self.now)
        if merge.deltas:
            history = pack_history(merge.history)
            self.connection.execute(_PUT_NODES, (file_id, page.created_at, joined, nodes, history))
        return FileDelta(merge.deltas)

    def _file_row(self, path: str) -> _FileRow | None:
        rows = self.connection.execute(
            "SELECT id, digest, (SELECT value FROM kv_store WHERE key = ?1 || path) FROM hub_file WHERE path = ?2",
            (FILE_PREFIX, path),
        )
        for file_id, digest, record in rows:
            return _FileRow(int(file_id), str(digest), None if record is None else str(record))
        return None

    def _page(self, file_id: int) -> NodePage | None:
        for columns in self.connection.execute(
            "SELECT created_at, suffixes, nodes, history FROM hub_nodes WHERE file_id = ?", (file_id,)
        ):
            return NodePage(*columns)
        return None

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
