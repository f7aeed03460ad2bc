"""Recognise moves: a node that vanished under one key and appeared under another in the same transaction."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from remora_hub.facts import unpack_nodes
from remora_hub.store.changes import FileChanges, NodeEvent
from remora_hub.store.keys import node_key
from remora_hub.store.node_page import NodeDelta, source_digest


class FileDelta(msgspec.Struct, frozen=True):
    """How the nodes of one file differ from before: by ``deltas``, or, if it had none before, by all it has now.

    Then ``added`` are their suffixes and ``nodes`` the blob of their records (see ``facts.PackedFile``), which is
    unpacked only if one of them may have come from elsewhere.
    """

    deltas: Sequence[NodeDelta] = ()
    added: list[str] = msgspec.field(default_factory=list)
    nodes: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.deltas or self.added)

    def each(self) -> Sequence[NodeDelta]:
        """All of it, one by one."""
        if not self.added:
            return self.deltas
        bodies = unpack_nodes(self.nodes)
        return [NodeDelta("added", suffix, body) for suffix, body in zip(self.added, bodies, strict=True)]


def pair_moves(files: Mapping[str, FileDelta]) -> dict[str, FileChanges]:
    """The changes of each path, with every removed and added pair of the same source made one ``moved``.

    Two nodes are the same where digest and last part of the name agree; several candidates pair in order.
    """
    vanished: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
    for path, of_file in files.items():
        for delta in of_file.deltas:
            if delta.kind == "removed":
                vanished[_identity(delta)].append(node_key(path, delta.suffix))
    if not vanished:
        return {path: _unpaired(of_file) for path, of_file in files.items()}
    moved_away: set[str] = set()
    paired = {path: _paired(of_file.each(), vanished, moved_away) for path, of_file in files.items()}
    return {
        path: _file_changes(
            event
            for event in events
            if not (event.kind == "removed" and node_key(path, event.suffix) in moved_away)
        )
        for path, events in paired.items()
    }


def _unpaired(of_file: FileDelta) -> FileChanges:
    if of_file.added:
        return FileChanges(of_file.added)
    return _file_changes(NodeEvent(delta.kind, delta.suffix) for delta in of_file.deltas)


def _paired(
    deltas: Sequence[NodeDelta], vanished: Mapping[tuple[str, str], deque[str]], moved_away: set[str]
) -> list[NodeEvent]:
    events = []
    for delta in deltas:
        candidates = vanished.get(_identity(delta)) if delta.kind == "added" else None
        if candidates:
            former = candidates.popleft()
            moved_away.add(former)
            events.append(NodeEvent("moved", delta.suffix, former))
        else:
            events.append(NodeEvent(delta.kind, delta.suffix))
    return events


def _file_changes(events: Iterable[NodeEvent]) -> FileChanges:
    listed = list(events)
    return FileChanges(
        [event.suffix for event in listed if event.kind == "added"],
        [event for event in listed if event.kind != "added"],
    )


def _identity(delta: NodeDelta) -> tuple[str, str]:
    name = delta.suffix.rpartition(".")[2].partition("#")[0]
    return source_digest(delta.body), name
