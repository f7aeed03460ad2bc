"""From models to what the store packs. Loads pydantic; imported by the methods that take models."""

from __future__ import annotations

from collections.abc import Sequence

from remora_hub.model import FileIndex, HubStatus, NodeState
from remora_hub.store.replacement import Replacement, recorded

_HISTORY = {"version", "created_at", "updated_at"}
# Derived by the model, or history that the store keeps itself.
_NOT_STORED = _HISTORY | {"key", "name", "line", "end_line", "docstring_outdated", "documented_signature"}
_COMPOSED = _HISTORY | {"path", "status", "detail"}


def node_body(state: NodeState) -> str:
    """The node's record as the store takes it; version, times and ``docstring_outdated`` are the store's to say."""
    return state.model_dump_json(exclude_defaults=True, exclude=_NOT_STORED)


def file_replacement(path: str, states: Sequence[NodeState], index: FileIndex) -> Replacement:
    """All of one file's records as one change; identifiers are not known from records.

    It has no fingerprint: the next scan of the disk reads the file again. Raises ValueError where a record is of
    another path, or two have the same key.
    """
    strangers = {index.path, *(state.path for state in states)} - {path}
    if strangers:
        raise ValueError(f"records of {sorted(strangers)} do not belong to {path}")
    bodies = {state.suffix: node_body(state) for state in states}
    if len(bodies) < len(states):
        raise ValueError(f"two nodes of {path} have the same key")
    described = index.model_copy(update={"node_count": len(states)})
    body = described.model_dump_json(exclude_defaults=True, exclude=_COMPOSED)
    return recorded(path, body, bodies, status=str(index.status), detail=index.detail)


def hub_status_body(status: HubStatus) -> str:
    """The hub's record without its history."""
    return status.model_dump_json(exclude_defaults=True, exclude=_HISTORY)
