"""Builders of what extraction would hand over, and a store in a temporary directory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from remora_hub.compression import CODE, NAMES
from remora_hub.facts import PackedFile, pack_nodes
from remora_hub.store import FileReplaced, NodeStateStore
from remora_hub.store.replacement import pack_places_of

Replace = Callable[..., FileReplaced]


def make_body(path: str, name: str, *, digest: str | None = None, line: int = 1, **fields: Any) -> str:
    body = {
        "path": path,
        "kind": "function",
        "qualname": name.partition("#")[0],
        **({"ordinal": int(name.partition("#")[2])} if "#" in name else {}),
        "range": [line, 0, line + 1, 4],
        "name_at": [line, 4],
        "digest": digest if digest is not None else f"d-{name}",
        **fields,
    }
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def make_replacement(
    path: str, nodes: Iterable[str | dict[str, Any]] = (), *, digest: str | None = None, **fields: Any
) -> FileReplaced:
    """A file that holds ``nodes``: a name, or a dict of ``name`` and the record's fields, one line after another."""
    specs = [{"name": spec} if isinstance(spec, str) else dict(spec) for spec in nodes]
    suffixes = [spec.pop("name") for spec in specs]
    bodies = [
        make_body(path, name, **{"line": i + 1, **spec})
        for i, (name, spec) in enumerate(zip(suffixes, specs, strict=True))
    ]
    names = "\n" + "".join(f"{suffix.partition('#')[0]}\n" for suffix in suffixes)
    body = json.dumps({"line_count": 9, "node_count": len(bodies)}, separators=(",", ":"))
    encoded = "".join(f"{body}\n" for body in bodies).encode("utf-8", "surrogateescape")
    places = pack_places_of(body.encode("utf-8", "replace").decode() for body in bodies)
    code = b"code of " + path.encode("utf-8", "surrogateescape")
    packed = PackedFile(
        body, suffixes, pack_nodes(encoded), NAMES.compress(names.encode()), CODE.compress(code), places
    )
    content = digest if digest is not None else str(hash(tuple(bodies)))
    return FileReplaced(
        **{
            "path": path,
            "size": 100,
            "changed_ns": 1_700_000_000_000_000_001,
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
