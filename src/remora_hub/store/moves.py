"""Recognise moves: a node that vanished under one key and appeared under another in the same transaction."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from remora_hub.store.changes import NodeChange
from remora_hub.store.keys import node_key
from remora_hub.store.node_page import NodeDelta


def pair_moves(deltas: Mapping[str, Iterable[NodeDelta]]) -> dict[str, list[NodeChange]]:
    """The changes of each path, with every removed and added pair of the same source made one ``moved``.

    Two nodes are the same where digest and last part of the name agree; several candidates pair in order.
    """
    vanished: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
    for path, of_file in deltas.items():
        for delta in of_file:
            if delta.kind == "removed":
                vanished[_identity(delta)].append(node_key(path, delta.suffix))
    if not vanished:
        return {
            path: [NodeChange(delta.kind, node_key(path, delta.suffix)) for delta in of_file]
            for path, of_file in deltas.items()
        }
    moved_away: set[str] = set()
    changes: dict[str, list[NodeChange]] = {}
    for path, of_file in deltas.items():
        changes[path] = listed = []
        for delta in of_file:
            key = node_key(path, delta.suffix)
            candidates = vanished.get(_identity(delta)) if delta.kind == "added" else None
            if candidates:
                former = candidates.popleft()
                moved_away.add(former)
                listed.append(NodeChange("moved", key, former))
            else:
                listed.append(NodeChange(delta.kind, key))
    if moved_away:
        for path, listed in changes.items():
            changes[path] = [c for c in listed if not (c.kind == "removed" and c.key in moved_away)]
    return changes


def _identity(delta: NodeDelta) -> tuple[str, str]:
    name = delta.suffix.rpartition(".")[2].partition("#")[0]
    return delta.digest, name
