"""Builders of what extraction would hand over, and a store in a temporary directory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from remora_hub.facts import PackedFile, PackedNode
from remora_hub.store import FileReplaced, NodeStateStore

Replace = Callable[..., FileReplaced]


def make_node(path: str, name: str, *, digest: str | None = None, line: int = 1, **fields: Any) -> PackedNode:
    digest = digest if digest is not None else f"d-{name}"
    body = {
        "path": path,
        "kind": "function",
        "qualname": name.partition("#")[0],
        **({"ordinal": int(name.partition("#")[2])} if "#" in name else {}),
        "range": [line, 0, line + 1, 4],
        "name_at": [line, 4],
        "digest": digest,
        **fields,
    }
    return PackedNode(name, digest, json.dumps(body, separators=(",", ":"), ensure_ascii=False))


def make_replacement(
    path: str, nodes: Iterable[str | dict[str, Any]] = (), *, digest: str | None = None, **fields: Any
) -> FileReplaced:
    """A file that holds ``nodes``: a name, or a dict of ``name`` and the record's fields, one line after another."""
    specs = [{"name": spec} if isinstance(spec, str) else dict(spec) for spec in nodes]
    packed_nodes = [
        make_node(path, spec.pop("name"), **{"line": i + 1, **spec}) for i, spec in enumerate(specs)
    ]
    names = "\n" + "".join(f"{node.suffix.partition('#')[0]}\n" for node in packed_nodes)
    body = json.dumps({"line_count": 9, "node_count": len(packed_nodes)}, separators=(",", ":"))
    place = path.encode("utf-8", "surrogateescape")
    packed = PackedFile(body, packed_nodes, names.encode(), b"places of " + place, b"symbols of " + place)
    content = digest if digest is not None else str(hash(tuple(node.body for node in packed_nodes)))
    return FileReplaced(
        **{
            "path": path,
            "size": 100,
            "mtime_ns": 1_700_000_000_000_000_001,
            "inode": 7,
            "digest": content,
            "scanned_ns": 1_700_000_000_500_000_000,
            "packed": packed,
            **fields,
        }
    )


@pytest.fixture
def replaced() -> Replace:
    return make_replacement


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[NodeStateStore]:
    async with await NodeStateStore.open(database, extractor_version=1) as opened:
        yield opened
