"""Apply changes to files inside one open transaction, and tell what they changed."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from remora_hub.errors import StoreError
from remora_hub.facts import PackedFile, unpack_nodes, wide_places
from remora_hub.store import feed_log, file_record
from remora_hub.store.changes import Commit, FileRemoved, FileTouched, Written
from remora_hub.store.connection import is_environmental
from remora_hub.store.file_rows import FileRow, FileRows
from remora_hub.store.keys import HUB_STATUS_KEY
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
    pack_places_of,
    recorded,
)

_FILES_AT_A_TIME = 64  # of a change with very many


class Transaction:
    """The writes of one group, between ``BEGIN IMMEDIATE`` and ``COMMIT``, which are the writer's."""

    def __init__(self, connection: apsw.Connection, *, now: float) -> None:
        """``now`` is Unix seconds: the time of every record this transaction saves."""
        self._connection = connection
        self._rows = FileRows(connection)
        self.now = now
        self.discarded: list[str] = []
        self.failed: dict[str, StoreError] = {}
        self._deltas: dict[str, FileDelta] = {}
        self._written: dict[str, Written | None] = {}
        self._former_names: dict[str, bytes] = {}

    def apply(self, changes: Sequence[StoreChange], *, singly: bool) -> None:
        """Write ``changes``, at most one per path.

        ``singly`` gives each its own savepoint: one that cannot be stored is then undone and listed in ``failed``,
        while without it the first such change raises and the whole transaction is to be rolled back.
        """
        if singly:
            for change in changes:
                self._apply_in_savepoint(change)
        else:
            for start in range(0, len(changes), _FILES_AT_A_TIME):
                self._apply(changes[start : start + _FILES_AT_A_TIME])

    def set_hub_status(self, body: str) -> None:
        """Save the hub's own record; no sequence number, since it says nothing about the project."""
        stored = self._rows.record(HUB_STATUS_KEY)
        text = file_record.first_version(body, self.now)
        if stored is not None:
            text = file_record.next_version(stored, body, self.now) or stored
        self._rows.put_record(HUB_STATUS_KEY, text, self.now)

    def finish(self, sequence: int, *, feed_retention_commits: int) -> Commit:
        """Write the feed's row, if any record changed, under the number after ``sequence``."""
        if not self._deltas:
            return Commit(seq=sequence, at=self.now)
        by_file = pair_moves(self._deltas)
        seq = sequence + 1
        feed_log.append(self._connection, seq, self.now, by_file, feed_retention_commits)
        return Commit(
            seq=seq, at=self.now, by_file=by_file, written=self._written, former_names=self._former_names
        )

    def _apply_in_savepoint(self, change: StoreChange) -> None:
        self._connection.execute("SAVEPOINT one_file")
        try:
            self._apply([change])
        except Exception as error:  # whatever one file's content causes must not keep the others out
            if is_environmental(error):
                raise
            self._connection.execute("ROLLBACK TO one_file")
            self._rows.forget()
            self._deltas.pop(change.path, None)
            self._written.pop(change.path, None)
            self._former_names.pop(change.path, None)
            self.failed[change.path] = StoreError("store", change.path, str(error))
        self._connection.execute("RELEASE one_file")

    def _apply(self, changes: Sequence[StoreChange]) -> None:
        rows = self._rows.known([change.path for change in changes if not isinstance(change, FileTouched)])
        for change in changes:
            row = rows.get(change.path)
            if not _is_current(change):
                self.discarded.append(change.path)
            elif isinstance(change, FileTouched):
                self._rows.touch(change)
            elif isinstance(change, FileRemoved):
                self._remove(change.path, row)
            elif isinstance(change, NodesMerged):
                self._merge(change, row)
            else:
                self._replace(as_replacement(change), row)
        self._rows.write()

    def _remove(self, path: str, row: FileRow | None) -> None:
        if row is None:
            return
        gone = unpack_page(path, row.page) if row.page else []
        self._written[path] = None
        self._rows.delete(row.id)
        self._deltas[path] = FileDelta([NodeDelta("removed", node.suffix, node.body) for node in gone])

    def _merge(self, change: NodesMerged, row: FileRow | None) -> None:
        page = row.page if row else None
        if row is None or page is None:
            body = f'{{"node_count":{len(change.bodies)}}}'
            self._replace(recorded(change.path, body, change.bodies), row)
            return
        bodies = {node.suffix: node.body for node in unpack_page(change.path, page)} | dict(change.bodies)
        places = pack_places_of(bodies.values(), wide_places(self._rows.places(row.id)))
        delta = self._put_nodes(change.path, row.id, page, list(bodies), pack_bodies(bodies), places)
        if delta:
            self._count_nodes(row, len(bodies))
            self._deltas[change.path] = delta

    def _replace(self, new: Replacement, row: FileRow | None) -> None:
        packed = new.packed
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
        file_id = self._rows.put_file(new, row, len(packed.suffixes))
        page = row.page if row else None
        delta = self._put_nodes(new.path, file_id, page, packed.suffixes, packed.nodes, packed.places)
        if row is not None and row.digest == new.digest and record is None and not delta:
            return
        if record is not None:
            self._rows.put_file_record(file_id, record)
        self._rows.put_code(file_id, packed.code)
        self._put_names(new.path, file_id, row, packed)
        self._written[new.path] = Written(new.digest, packed) if new.status == "indexed" else None
        if record is not None or delta:
            self._deltas[new.path] = delta

    def _put_names(self, path: str, file_id: int, row: FileRow | None, packed: PackedFile) -> None:
        imports_everything = file_record.imports_everything(packed.body)
        if row is not None and row.names is not None:
            self._former_names[path] = row.names
            if row.names == packed.names and row.imports_everything == imports_everything:
                return
        self._rows.put_names(file_id, packed.names, imports_everything)

    def _put_nodes(
        self,
        path: str,
        file_id: int,
        page: NodePage | None,
        suffixes: list[str],
        nodes: bytes,
        places: str,
    ) -> FileDelta:
        """Save the nodes of a file in place of those in ``page``; what that changes.

        Where there were none, the blob is stored unseen. Else both are unpacked and compared.
        """
        joined = join_suffixes(suffixes)
        if page is None or not page.suffixes:
            self._rows.put_page(file_id, NodePage(self.now, joined, nodes, None), places)
            return FileDelta(added=suffixes, nodes=nodes)
        unpacked = dict(zip(suffixes, unpack_nodes(nodes), strict=True))
        merge = merge_nodes(unpack_page(path, page), unpacked, page.created_at, self.now)
        if merge.deltas:
            history = pack_history(merge.history)
            self._rows.put_page(file_id, NodePage(page.created_at, joined, nodes, history), places)
        else:  # records that did not come from the disk do not tell all columns
            self._rows.set_places(file_id, places)
        return FileDelta(merge.deltas)

    def _count_nodes(self, row: FileRow, node_count: int) -> None:
        self._rows.count_nodes(row.id, node_count)
        if row.record is not None:
            body = file_record.with_node_count(row.record, node_count)
            record = file_record.next_version(row.record, body, self.now)
            if record is not None:
                self._rows.put_file_record(row.id, record)


def _is_current(change: StoreChange) -> bool:
    if isinstance(change, Replacement | NodesMerged) or change.still_current is None:
        return True
    return change.still_current()
