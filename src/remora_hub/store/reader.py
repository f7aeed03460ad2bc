"""Synchronous reads of the records, as models or as JSON text; indexes and feed come from ``IndexReader``.

The models are imported where they are built: a daemon opens the store and compares fingerprints before pydantic
is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from remora_hub.facts import PackedFile
from remora_hub.store.file_record import extracted_body, unpack_record
from remora_hub.store.index_reader import IndexReader, batches
from remora_hub.store.keys import (
    FILE_PREFIX,
    HUB_STATUS_KEY,
    NODE_PREFIX,
    node_key,
    prefix_range,
    split_node_key,
)
from remora_hub.store.node_page import NodePage, StoredNode, record_text, split_suffixes, unpack_page

if TYPE_CHECKING:
    from remora_hub.model import FileIndex, HubStatus, NodeState

_PAGE = (
    "SELECT n.created_at, s.suffixes, n.nodes, n.history FROM hub_file f"
    " JOIN hub_nodes n ON n.file_id = f.id JOIN hub_symbols s ON s.file_id = f.id WHERE f.path = ?"
)
_SUFFIXES = "SELECT s.suffixes FROM hub_file f JOIN hub_symbols s ON s.file_id = f.id WHERE f.path = ?"


_FILE_RECORD = "SELECT r.record FROM hub_file f JOIN hub_record r ON r.file_id = f.id WHERE f.path = ?"
_KNOWN = "SELECT digest FROM hub_file WHERE path = ? AND status = 'indexed' AND digest != ''"
# A file whose nodes have a history was written in several steps: what is stored need not be what one lane made.
_FACTS = """
SELECT r.record, s.suffixes, n.nodes, m.names, c.code, s.places
FROM hub_file f JOIN hub_record r ON r.file_id = f.id JOIN hub_symbols s ON s.file_id = f.id
    JOIN hub_nodes n ON n.file_id = f.id JOIN hub_names m ON m.file_id = f.id JOIN hub_code c ON c.file_id = f.id
WHERE f.path = ? AND f.digest = ? AND f.status = 'indexed' AND n.history IS NULL
"""


class Reader(IndexReader):
    """All reads of the store, for one thread at a time and without an event loop; see ``IndexReader``."""

    def get(self, key: str) -> NodeState | None:
        """The node stored under ``node:{path}:{suffix}``."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[str]) -> dict[str, NodeState]:
        """The nodes of those ``keys`` that exist, in the order asked."""
        from remora_hub.model import NodeState

        return {key: NodeState.model_validate_json(text) for key, text in self.node_records(keys).items()}

    def get_by_file(self, path: str) -> list[NodeState]:
        """The nodes of one file, in source order."""
        states = self.nodes_of([path])
        # A definition starts before what it encloses; of two that start together the longer encloses the other.
        return sorted(states, key=lambda s: (s.range[0], s.range[1], -s.range[2], -s.range[3]))

    def get_file(self, path: str) -> FileIndex | None:
        """The record of one file."""
        return next(iter(self.file_indexes([path])), None)

    def get_hub_status(self) -> HubStatus | None:
        """The hub's own record."""
        from remora_hub.model import HubStatus

        text = self.record(HUB_STATUS_KEY)
        return None if text is None else HubStatus.model_validate_json(text)

    def list_nodes(self, kind: str | None = None, under: str | None = None) -> Iterator[NodeState]:
        """All nodes (of one ``NodeKind``, at or below a path), file by file in the order of paths."""
        for paths in batches(self.paths(under)):
            yield from self.nodes_of(paths, kind)

    def list_files(self, status: str | None = None, under: str | None = None) -> Iterator[FileIndex]:
        """All file records (of one ``FileStatus``, at or below a path), in the order of paths."""
        for paths in batches(self.paths(under, status)):
            yield from self.file_indexes(paths)

    def nodes_of(self, paths: Sequence[str], kind: str | None = None) -> list[NodeState]:
        """The nodes of these files (of one ``NodeKind``), read at one moment."""
        from remora_hub.model import NodeState

        with self._snapshot():
            pages = [self._page(path) for path in paths]
        states = (NodeState.model_validate_json(record_text(node)) for page in pages for node in page)
        return [state for state in states if kind is None or state.kind == kind]

    def file_indexes(self, paths: Sequence[str]) -> list[FileIndex]:
        """The records of those of these files that are known, read at one moment."""
        from remora_hub.model import FileIndex

        with self._snapshot():
            texts = [self._file_record(path) for path in paths]
        return [FileIndex.model_validate_json(text) for text in texts if text is not None]

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """The digests of those of these files that were understood, by path."""
        with self._snapshot():
            found = {path: self._connection.execute(_KNOWN, (path,)).get for path in paths}
        return {path: str(digest) for path, digest in found.items() if digest is not None}

    def facts_of(self, path: str, digest: str) -> PackedFile | None:
        """What a lane made of a file with these bytes; None if the store has other ones, or other nodes."""
        with self._errors():
            row = self._connection.execute(_FACTS, (path, digest)).fetchone()
        if row is None:
            return None
        record, suffixes, nodes, names, code, places = row
        return PackedFile(
            extracted_body(unpack_record(record)),
            split_suffixes(suffixes),
            bytes(nodes),
            bytes(names),
            bytes(code),
            places,
        )

    def record(self, key: str) -> str | None:
        """The JSON text of any record, as ``kv_store`` of a snapshot holds it."""
        if key.startswith(NODE_PREFIX):
            return self.node_records([key]).get(key)
        with self._errors():
            if key.startswith(FILE_PREFIX):
                return self._file_record(key.removeprefix(FILE_PREFIX))
            return self._record(key)

    def node_records(self, keys: Iterable[str]) -> dict[str, str]:
        """The JSON texts of those node ``keys`` that exist, in the order asked; each file is unpacked once."""
        pages: dict[str, dict[str, StoredNode]] = {}
        texts: dict[str, str] = {}
        with self._snapshot():
            for key in keys:
                path, suffix = split_node_key(key) or ("", "")
                if path not in pages:
                    pages[path] = {node.suffix: node for node in self._page(path)}
                if suffix in pages[path]:
                    texts[key] = record_text(pages[path][suffix])
        return texts

    def list_keys(self, prefix: str) -> list[str]:
        """The keys of all records that begin with ``prefix``, sorted; nothing in it is a wildcard."""
        with self._snapshot():
            rows = self._connection.execute(
                "SELECT key FROM kv_store WHERE key >= ? AND key < ?", prefix_range(prefix)
            )
            keys = [str(key) for (key,) in rows]
            keys += (FILE_PREFIX + path for path in self._paths_of_file_prefix(prefix))
            for path in self._paths_of_node_prefix(prefix):
                of_file = (node_key(path, suffix) for suffix in self._suffixes(path))
                keys.extend(key for key in of_file if key.startswith(prefix))
        return sorted(keys)

    def export_rows(self) -> Iterator[tuple[str, str]]:
        """``(key, body)`` of every node, sorted by key; ``body`` is its JSON object without version and times.

        Two indexes of the same files give the same rows: ``docstring_outdated`` is history and left out, too.
        """
        for family in _families(sorted(self.paths(), key=lambda path: path + ":")):
            with self._snapshot():
                rows = [
                    (node_key(path, node.suffix), node.body) for path in family for node in self._page(path)
                ]
            yield from sorted(rows)

    def rows_of(self, paths: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
        """``(path, rows)`` for each of ``paths``, read at one moment; rows as in ``export_rows``, in source order."""
        with self._snapshot():
            return [
                (path, [(node_key(path, node.suffix), node.body) for node in self._page(path)])
                for path in paths
            ]

    def _page(self, path: str) -> list[StoredNode]:
        for columns in self._connection.execute(_PAGE, (path,)):
            return unpack_page(path, NodePage(*columns))
        return []

    def _suffixes(self, path: str) -> list[str]:
        for (joined,) in self._connection.execute(_SUFFIXES, (path,)):
            return split_suffixes(str(joined))
        return []

    def _file_record(self, path: str) -> str | None:
        for (record,) in self._connection.execute(_FILE_RECORD, (path,)):
            return unpack_record(record)
        return None

    def _record(self, key: str) -> str | None:
        for (value,) in self._connection.execute("SELECT value FROM kv_store WHERE key = ?", (key,)):
            return str(value)
        return None

    def _paths_of_node_prefix(self, prefix: str) -> list[str]:
        """The files whose nodes' keys may begin with ``prefix``."""
        if NODE_PREFIX.startswith(prefix):
            return self.paths()
        if not prefix.startswith(NODE_PREFIX):
            return []
        rest = prefix[len(NODE_PREFIX) :]
        ends = [index for index, character in enumerate(rest) if character == ":"]
        return self._paths_from(rest) + [rest[:end] for end in ends]

    def _paths_of_file_prefix(self, prefix: str) -> list[str]:
        """The files whose own keys begin with ``prefix``."""
        if FILE_PREFIX.startswith(prefix):
            return self.paths()
        return self._paths_from(prefix[len(FILE_PREFIX) :]) if prefix.startswith(FILE_PREFIX) else []

    def _paths_from(self, beginning: str) -> list[str]:
        rows = self._connection.execute(
            "SELECT path FROM hub_file WHERE path >= ? AND path < ?", prefix_range(beginning)
        )
        return [str(path) for (path,) in rows]


def _families(paths: Sequence[str]) -> Iterator[list[str]]:
    """Group sorted paths whose keys may interleave: a path and those that begin with it and a colon."""
    family: list[str] = []
    for path in paths:
        if family and not path.startswith(family[0] + ":"):
            yield family
            family = []
        family.append(path)
    if family:
        yield family
