"""Records as clients are shown them: every field present, derived ones too, no version, no times."""

from __future__ import annotations

import msgspec

from remora_hub.model_names import module_name


class NodeRecord(msgspec.Struct):
    """One node: the fields of ``model.NodeState``; ``key``, ``name``, ``line`` and ``end_line`` are derived."""

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


_decode = msgspec.json.Decoder(NodeRecord).decode


def node_record(key: str, body: str) -> NodeRecord:
    """The record of the node under ``key`` from the JSON text the store has of it."""
    record = _decode(body)
    record.key = key
    record.name = module_name(record.path) if record.kind == "module" else record.qualname.rpartition(".")[2]
    record.line, _, record.end_line, _ = record.range
    if record.name_at is None:
        record.name_at = record.range[:2]
    return record
