"""Records as clients are shown them: every field present, derived ones too."""

from __future__ import annotations

import msgspec

from remora_hub.answers import FileRecord, NodeDetail, NodeRecord
from remora_hub.model_names import module_name

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
