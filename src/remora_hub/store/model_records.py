"""From models to what the store packs. Loads pydantic; imported by the methods that take models."""

from __future__ import annotations

from collections.abc import Sequence

from remora_hub.facts import PackedFile, PackedNode
from remora_hub.model import FileIndex, HubStatus, NodeState
from remora_hub.store.replacement import NO_FACTS, Replacement

_HISTORY = {"version", "created_at", "updated_at"}
# Derived by the model, or history that the store keeps itself.
_NOT_STORED = _HISTORY | {"key", "name", "line", "end_line", "docstring_outdated", "documented_signature"}
_COMPOSED = _HISTORY | {"path", "status", "detail"}


def packed_node(state: NodeState) -> PackedNode:
    """The node as the store takes it; its version, times and ``docstring_outdated`` are the store's to say."""
    body = state.model_dump_json(exclude_defaults=True, exclude=_NOT_STORED)
    return PackedNode(state.suffix, state.digest, body)


def file_replacement(path: str, states: Sequence[NodeState], index: FileIndex) -> Replacement:
    """All of one file's records as one change; identifiers and symbols are not known from records.

    It has no fingerprint: the next scan of the disk reads the file again. Raises ValueError where a record is of
    another path.
    """
    strangers = {index.path, *(state.path for state in states)} - {path}
    if strangers:
        raise ValueError(f"records of {sorted(strangers)} do not belong to {path}")
    described = index.model_copy(update={"node_count": len(states)})
    body = described.model_dump_json(exclude_defaults=True, exclude=_COMPOSED)
    nodes = [packed_node(state) for state in states]
    return Replacement(
        path=path,
        status=str(index.status),
        detail=index.detail,
        size=0,
        mtime_ns=0,
        inode=0,
        digest="",
        scanned_ns=0,
        packed=PackedFile(body, nodes, NO_FACTS.names, NO_FACTS.occurrences, NO_FACTS.symbols),
    )


def hub_status_body(status: HubStatus) -> str:
    """The hub's record without its history."""
    return status.model_dump_json(exclude_defaults=True, exclude=_HISTORY)
