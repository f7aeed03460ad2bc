"""The rows of files in the tables that hold them, inside a transaction that is the caller's.

Many rows go into one statement: each statement that is run gives up the interpreter lock and has to get it back, and
the threads that answer questions wait for the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import apsw
import msgspec

from remora_hub.store.changes import FileTouched
from remora_hub.store.file_record import pack_record, unpack_record
from remora_hub.store.node_page import NodePage
from remora_hub.store.replacement import Replacement
from remora_hub.store.schema import signed_inode

_KNOWN = """
SELECT f.path, f.id, f.digest, r.record, n.created_at, s.suffixes, n.nodes, n.history, m.names, m.imports_everything
FROM hub_file f LEFT JOIN hub_record r ON r.file_id = f.id LEFT JOIN hub_symbols s ON s.file_id = f.id
    LEFT JOIN hub_nodes n ON n.file_id = f.id LEFT JOIN hub_names m ON m.file_id = f.id
WHERE f.path IN
"""
_PLACES = "SELECT places FROM hub_symbols WHERE file_id = ?"
_PUT_PLACES = "UPDATE hub_symbols SET places = ? WHERE file_id = ? AND places <> ?"
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
_ROWS_AT_ONCE = (32, 8, 1)  # in a statement: of so many sizes it is prepared once and kept


class _Insertion(NamedTuple):
    """A statement for any number of rows: a list of them stands between ``start`` and ``end``."""

    start: str
    columns: int
    end: str = ""

    def of(self, rows: int) -> str:
        """The statement for so many."""
        row = f"({','.join('?' * self.columns)})"
        return f"{self.start} VALUES {','.join([row] * rows)} {self.end}"


_FILE = _Insertion(
    "INSERT INTO hub_file (id, path, status, size, changed_ns, inode, digest, scanned_ns, node_count)",
    9,
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status, size = excluded.size, changed_ns = excluded.changed_ns,"
    " inode = excluded.inode, digest = excluded.digest, scanned_ns = excluded.scanned_ns,"
    " node_count = excluded.node_count",
)
_NODES = _Insertion("INSERT OR REPLACE INTO hub_nodes (file_id, created_at, nodes, history)", 4)
_SYMBOLS = _Insertion("INSERT OR REPLACE INTO hub_symbols (file_id, suffixes, places)", 3)
_NAMES = _Insertion("INSERT OR REPLACE INTO hub_names (file_id, names, imports_everything)", 3)
_CODE = _Insertion("INSERT OR REPLACE INTO hub_code (file_id, code)", 2)
_RECORD = _Insertion("INSERT OR REPLACE INTO hub_record (file_id, record)", 2)


class FileRow(msgspec.Struct, frozen=True, gc=False):
    """A file the store knows: ``record`` is the text under ``file:{path}``, ``page`` has its nodes, packed.

    ``names`` are its identifiers, as in ``facts.PackedFile``.
    """

    id: int
    digest: str
    record: str | None
    page: NodePage | None
    names: bytes | None
    imports_everything: bool


class FileRows:
    """Reads and writes rows by file, on the write connection. Methods raise apsw.Error.

    What is ``put`` of a file is in the database after ``write``: nothing of that file may be read in between.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._put: dict[_Insertion, list[tuple[apsw.SQLiteValue, ...]]] = {
            insertion: [] for insertion in (_FILE, _NODES, _SYMBOLS, _NAMES, _CODE, _RECORD)
        }
        self._last_id: int | None = None

    def known(self, paths: Sequence[str]) -> dict[str, FileRow]:
        """Those of these files that are known, by path."""
        if not paths:
            return {}
        places = ",".join("?" * len(paths))
        rows = self._connection.execute(f"{_KNOWN} ({places})", paths)
        return {str(path): _file_row(*columns) for path, *columns in rows}

    def write(self) -> None:
        """Write what was put since this was last called."""
        for insertion, rows in self._put.items():
            start = 0
            for count in _ROWS_AT_ONCE:
                statement = insertion.of(count)
                while start + count <= len(rows):
                    values = tuple(chain.from_iterable(rows[start : start + count]))
                    self._connection.execute(statement, values)
                    start += count
            rows.clear()

    def forget(self) -> None:
        """Do not write what was put since ``write`` was last called."""
        for rows in self._put.values():
            rows.clear()

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
        file_id = row.id if row else self._next_id()
        fingerprint = (new.size, new.changed_ns, signed_inode(new.inode), new.digest, new.scanned_ns)
        self._put[_FILE].append((file_id, new.path, new.status, *fingerprint, node_count))
        return file_id

    def put_page(self, file_id: int, page: NodePage, places: str) -> None:
        """Save the nodes of a file; ``places`` as in ``facts.PackedFile``."""
        self._put[_NODES].append((file_id, page.created_at, page.nodes, page.history))
        self._put[_SYMBOLS].append((file_id, page.suffixes, places))

    def put_code(self, file_id: int, code: bytes) -> None:
        """Save the code of a file, as in ``facts.PackedFile``."""
        self._put[_CODE].append((file_id, code))

    def put_names(self, file_id: int, names: bytes, imports_everything: bool) -> None:
        """Save the identifiers of a file, as in ``facts.PackedFile``, and whether it has a star import."""
        self._put[_NAMES].append((file_id, names, imports_everything))

    def put_file_record(self, file_id: int, text: str) -> None:
        """Save the record of a file."""
        self._put[_RECORD].append((file_id, pack_record(text)))

    def set_places(self, file_id: int, places: str) -> None:
        """Set the places alone, at once."""
        self._connection.execute(_PUT_PLACES, (places, file_id, places))

    def put_record(self, key: str, text: str, now: float) -> None:
        """Save a record in ``kv_store``, at once; ``now`` is Unix seconds."""
        self._connection.execute(_PUT_RECORD, (key, text, int(now), int(now)))

    def count_nodes(self, file_id: int, node_count: int) -> None:
        """Set how many nodes a file has, at once."""
        self._connection.execute("UPDATE hub_file SET node_count = ? WHERE id = ?", (node_count, file_id))

    def touch(self, change: FileTouched) -> None:
        """Set a known file's new fingerprint, at once."""
        self._connection.execute(
            "UPDATE hub_file SET size = ?, changed_ns = ?, inode = ?, scanned_ns = ? WHERE path = ?",
            (change.size, change.changed_ns, signed_inode(change.inode), change.scanned_ns, change.path),
        )

    def delete(self, file_id: int) -> None:
        """Remove every row of a file, at once."""
        for statement in _DELETE:
            self._connection.execute(statement, (file_id,))

    def _next_id(self) -> int:
        if self._last_id is None:
            self._last_id = int(self._connection.execute("SELECT coalesce(max(id), 0) FROM hub_file").get)
        self._last_id += 1
        return self._last_id


def _file_row(
    file_id: int,
    digest: str,
    record: bytes | None,
    created_at: float,
    suffixes: str | None,
    nodes: bytes | None,
    history: bytes | None,
    names: bytes | None,
    imports_everything: int | None,
) -> FileRow:
    page = None
    if nodes is not None and suffixes is not None:
        page = NodePage(created_at, suffixes, nodes, history)
    return FileRow(
        file_id,
        digest,
        None if record is None else unpack_record(record),
        page,
        names,
        bool(imports_everything),
    )
