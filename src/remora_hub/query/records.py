"""Records as clients are shown them: every field present, derived ones too."""

from __future__ import annotations

from typing import Any

import msgspec

from remora_hub.model_names import module_name


class NodeRecord(msgspec.Struct):
    """One node, without version and times: the fields of ``model.NodeState``.

    ``key``, ``name``, ``line`` and ``end_line`` are derived.
    """

    path: str
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    digest: str
    key: str = ""
    name: str = ""
    line: int = 0
    end_line: int = 0
    name_at: tuple[int, int] | None = None
    ordinal: int = 1
    signature: str = ""
    docstring: str | None = None
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    complexity: int = 1
    typed: tuple[int, int] | None = None
    is_async: bool = False
    is_test: bool = False
    is_exported: bool = True


class NodeDetail(NodeRecord, kw_only=True):
    """One node with its history; ``created_at`` and ``updated_at`` are Unix seconds."""

    version: int
    created_at: float
    updated_at: float
    docstring_outdated: bool = False
    documented_signature: str | None = None


class FileRecord(msgspec.Struct):
    """One file, as in ``model.FileIndex``, without version, times, imports and exports."""

    path: str
    status: str = "indexed"
    detail: str = ""
    digest: str = ""
    size: int = 0
    line_count: int = 0
    encoding: str = "utf-8"
    newline: str = "lf"
    node_count: int = 0
    problems: tuple[dict[str, Any], ...] = ()


_decode_node = msgspec.json.Decoder(NodeRecord).decode
_decode_detail = msgspec.json.Decoder(NodeDetail).decode
_decode_file = msgspec.json.Decoder(FileRecord).decode


def node_record(key: str, body: str) -> NodeRecord:
    """The record of the node under ``key`` from the JSON text the store has of it."""
    return _derive(key, _decode_node(body))


def node_detail(key: str, text: str) -> NodeDetail:
    """The same with its history."""
    detail = _decode_detail(text)
    _derive(key, detail)
    return detail


def file_record(text: str) -> FileRecord:
    """The record of a file from the JSON text the store has of it."""
    return _decode_file(text)


def _derive(key: str, record: NodeRecord) -> NodeRecord:
    record.key = key
    record.name = module_name(record.path) if record.kind == "module" else record.qualname.rpartition(".")[2]
    record.line, _, record.end_line, _ = record.range
    if record.name_at is None:
        record.name_at = record.range[:2]
    return record
