"""The rows of one file in the tables that hold it: single statements, inside a transaction that is the caller's."""

from __future__ import annotations

import apsw
import msgspec

from remora_hub.store.changes import FileTouched
from remora_hub.store.file_record import pack_record, unpack_record
from remora_hub.store.node_page import NodePage
from remora_hub.store.replacement import Replacement
from remora_hub.store.schema import signed_inode

_FIND = """
SELECT f.id, f.digest, r.record FROM hub_file f LEFT JOIN hub_record r ON r.file_id = f.id WHERE f.path = ?
"""
_PUT_FILE = """
INSERT INTO hub_file (id, path, status, size, changed_ns, inode, digest, scanned_ns, node_count)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, size = excluded.size, changed_ns = excluded.changed_ns,
    inode = excluded.inode, digest = excluded.digest, scanned_ns = excluded.scanned_ns, node_count = excluded.node_count
"""
_PAGE = """
SELECT n.created_at, s.suffixes, n.nodes, n.history
FROM hub_nodes n JOIN hub_symbols s ON s.file_id = n.file_id WHERE n.file_id = ?
"""
_PLACES = "SELECT places FROM hub_symbols WHERE file_id = ?"
_PUT_PLACES = "UPDATE hub_symbols SET places = ? WHERE file_id = ? AND places <> ?"
_PUT_NODES = "INSERT OR REPLACE INTO hub_nodes (file_id, created_at, nodes, history) VALUES (?, ?, ?, ?)"
_PUT_SYMBOLS = "INSERT OR REPLACE INTO hub_symbols (file_id, suffixes, places) VALUES (?, ?, ?)"
_PUT_NAMES = "INSERT OR REPLACE INTO hub_names (file_id, names, imports_everything) VALUES (?, ?, ?)"
_PUT_CODE = "INSERT OR REPLACE INTO hub_code (file_id, code) VALUES (?, ?)"
_PUT_FILE_RECORD = "INSERT OR REPLACE INTO hub_record (file_id, record) VALUES (?, ?)"
_PUT_RECORD = """
INSERT INTO kv_store (key, value, created_at, updated_at) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
"""
_DELETE = (
    "DELETE FROM hub_nodes WHERE file_id = ?",
    "DELETE FROM hub_symbols WHERE file_id = ?",
    "DELETE FROM hub_names WHERE file_id = ?",
    "DELETE FROM hub_code WHERE file_id = ?",
    "DELETE FROM hub_record WHERE file_id = ?",
    "DELETE FROM hub_file WHERE id = ?",
)


class FileRow(msgspec.Struct, frozen=True):
    """A file the store knows; ``record`` is the text under ``file:{path}``."""

    id: int
    digest: str
    record: str | None


class FileRows:
    """Reads and writes rows by file, on the write connection. Methods raise apsw.Error."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def find(self, path: str) -> FileRow | None:
        """The file at ``path``, if it is known."""
        for file_id, digest, record in self._connection.execute(_FIND, (path,)):
            return FileRow(int(file_id), str(digest), None if record is None else unpack_record(record))
        return None

    def page(self, file_id: int) -> NodePage | None:
        """The nodes of a file, packed."""
        for columns in self._connection.execute(_PAGE, (file_id,)):
            return NodePage(*columns)
        return None

    def places(self, file_id: int) -> str:
        """Where the names of a file's nodes stand, as in ``facts.PackedFile``."""
        for (places,) in self._connection.execute(_PLACES, (file_id,)):
            return str(places)
        return ""

    def record(self, key: str) -> str | None:
        """The text of a record in ``kv_store``."""
        for (value,) in self._connection.execute("SELECT value FROM kv_store WHERE key = ?", (key,)):
            return str(value)
        return None

    def put_file(self, new: Replacement, row: FileRow | None, node_count: int) -> int:
        """Save status and fingerprint of a new file, or of the known one in ``row``; its id."""
        inode = signed_inode(new.inode)
        fingerprint = (new.size, new.changed_ns, inode, new.digest, new.scanned_ns)
        self._connection.execute(
            _PUT_FILE, (row.id if row else None, new.path, new.status, *fingerprint, node_count)
        )
        return row.id if row else self._connection.last_insert_rowid()

    def put_page(self, file_id: int, page: NodePage, places: str) -> None:
        """Save the nodes of a file; ``places`` as in ``facts.PackedFile``."""
        self._connection.execute(_PUT_NODES, (file_id, page.created_at, page.nodes, page.history))
        self._connection.execute(_PUT_SYMBOLS, (file_id, page.suffixes, places))

    def put_places(self, file_id: int, places: str) -> None:
        """Save the places alone."""
        self._connection.execute(_PUT_PLACES, (places, file_id, places))

    def put_code(self, file_id: int, code: bytes) -> None:
        """Save the code of a file, as in ``facts.PackedFile``."""
        self._connection.execute(_PUT_CODE, (file_id, code))

    def put_names(self, file_id: int, names: bytes, imports_everything: bool) -> None:
        """Save the identifiers of a file, as in ``facts.PackedFile``, and whether it has a star import."""
        self._connection.execute(_PUT_NAMES, (file_id, names, imports_everything))

    def put_file_record(self, file_id: int, text: str) -> None:
        """Save the record of a file."""
        self._connection.execute(_PUT_FILE_RECORD, (file_id, pack_record(text)))

    def put_record(self, key: str, text: str, now: float) -> None:
        """Save a record in ``kv_store``; ``now`` is Unix seconds."""
        self._connection.execute(_PUT_RECORD, (key, text, int(now), int(now)))

    def count_nodes(self, file_id: int, node_count: int) -> None:
        """Save how many nodes a file has."""
        self._connection.execute("UPDATE hub_file SET node_count = ? WHERE id = ?", (node_count, file_id))

    def touch(self, change: FileTouched) -> None:
        """Save a known file's new fingerprint."""
        self._connection.execute(
            "UPDATE hub_file SET size = ?, changed_ns = ?, inode = ?, scanned_ns = ? WHERE path = ?",
            (change.size, change.changed_ns, signed_inode(change.inode), change.scanned_ns, change.path),
        )

    def delete(self, file_id: int) -> None:
        """Remove every row of a file."""
        for statement in _DELETE:
            self._connection.execute(statement, (file_id,))
