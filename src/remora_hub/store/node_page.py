"""The nodes of one file as ``hub_nodes`` holds them, and how a new set of them replaces an old one.

One row per node, as a snapshot has it, makes a file 2.6 times as large as the source (Home Assistant: 119,000
nodes, 32.8 MB), since key and path repeat in every record. One compressed blob per file takes a third of the source,
and it is kept as the parse lane made it: what the store itself knows of a node, its history, stands beside it, and
only where it differs from that of a file saved once. The JSON text of a record is put together when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from remora_hub.errors import CorruptStoreError
from remora_hub.facts import unpack_nodes
from remora_hub.store.changes import ChangeKind


class NodePage(NamedTuple):
    """A row of ``hub_nodes``, less its file, with the suffixes of ``hub_symbols``.

    ``created_at`` (Unix seconds) is when the file was first saved: every node was made then, and saved once, except
    those in ``history`` (see ``pack_history``). ``suffixes`` has a line for each body in ``nodes``, a blob as
    ``facts.pack_nodes`` makes it.
    """

    created_at: float
    suffixes: str
    nodes: bytes
    history: bytes | None


class NodeHistory(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """``version`` counts a node's saves, times are Unix seconds.

    ``documented_signature`` is the signature its docstring was written for where that is no longer the node's own,
    else None.
    """

    version: int
    created_at: float
    updated_at: float
    documented_signature: str | None = None


class StoredNode(NamedTuple):
    """One node: ``body`` is the record's JSON object as extraction gave it."""

    suffix: str
    body: str
    history: NodeHistory


class NodeDelta(NamedTuple):
    """How one node of a file differs from before; ``body`` is the new one (the old one if removed)."""

    kind: ChangeKind
    suffix: str
    body: str


class Merge(msgspec.Struct, frozen=True):
    """What a replacement makes of a file's nodes: histories other than the page's, and what changed."""

    history: dict[str, NodeHistory]
    deltas: list[NodeDelta]


class _Compared(msgspec.Struct, frozen=True, gc=False):
    """The part of a body that decides what kind of change it is."""

    digest: str = ""
    signature: str = ""
    docstring: str | None = None


_decode_compared = msgspec.json.Decoder(_Compared).decode
_encode_text = msgspec.json.Encoder().encode
_encode_history = msgspec.msgpack.Encoder().encode
_decode_history = msgspec.msgpack.Decoder(dict[str, NodeHistory]).decode


def join_suffixes(suffixes: Sequence[str]) -> str:
    """One line each. Raises ValueError if one repeats or holds a colon or line end: keys would then be ambiguous."""
    joined = "\n".join(suffixes)
    if len(set(suffixes)) < len(suffixes) or ":" in joined or joined.count("\n") >= max(len(suffixes), 1):
        raise ValueError("a node's suffix repeats, or holds a colon or a line end")
    return joined


def split_suffixes(joined: str) -> list[str]:
    """The inverse of ``join_suffixes``."""
    return joined.split("\n") if joined else []


def pack_history(history: Mapping[str, NodeHistory]) -> bytes | None:
    """Exceptional histories by suffix, as msgpack; None where there is none."""
    return _encode_history(history) if history else None


def unpack_page(path: str, page: NodePage) -> list[StoredNode]:
    """The nodes of the file ``path``, in source order. Raises CorruptStoreError if the page is damaged."""
    suffixes = split_suffixes(page.suffixes)
    try:
        bodies = unpack_nodes(page.nodes)
        exceptions = _decode_history(page.history) if page.history else {}
        if len(bodies) != len(suffixes):
            raise ValueError(f"{len(suffixes)} keys for {len(bodies)} nodes")
    except (ValueError, msgspec.DecodeError, CorruptStoreError) as error:
        reason = error.reason if isinstance(error, CorruptStoreError) else str(error)
        raise CorruptStoreError("read the nodes of", path, reason, "the index will be rebuilt") from error
    saved_once = NodeHistory(1, page.created_at, page.created_at)
    if not exceptions:
        return [StoredNode(suffix, body, saved_once) for suffix, body in zip(suffixes, bodies, strict=True)]
    return [
        StoredNode(suffix, body, exceptions.get(suffix, saved_once))
        for suffix, body in zip(suffixes, bodies, strict=True)
    ]


def record_text(node: StoredNode) -> str:
    """The JSON text of the record, as a reader of ``kv_store`` sees it."""
    history, outdated = node.history, ""
    if history.documented_signature is not None:
        signature = _encode_text(history.documented_signature).decode()
        outdated = f'"docstring_outdated":true,"documented_signature":{signature},'
    return (
        f'{{"version":{history.version},"created_at":{history.created_at!r},"updated_at":{history.updated_at!r},'
        f"{outdated}{node.body[1:]}"
    )


def source_digest(body: str) -> str:
    """The digest of a node's source, from its record."""
    return _decode_compared(body).digest


def merge_nodes(
    old: Sequence[StoredNode], new: Mapping[str, str], page_created_at: float, now: float
) -> Merge:
    """Replace ``old`` by ``new``, bodies by suffix: equal nodes keep their history, changed ones continue it.

    ``page_created_at`` is the time that needs no mention in the histories.
    """
    before = {node.suffix: node for node in old}
    saved_once = NodeHistory(1, page_created_at, page_created_at)
    history: dict[str, NodeHistory] = {}
    deltas: list[NodeDelta] = []
    for suffix, body in new.items():
        earlier = before.pop(suffix, None)
        if earlier is None:
            kept = NodeHistory(1, now, now)
            deltas.append(NodeDelta("added", suffix, body))
        elif earlier.body == body:
            kept = earlier.history
        else:
            kept, kind = _succeed(earlier, body, now)
            deltas.append(NodeDelta(kind, suffix, body))
        if kept != saved_once:
            history[suffix] = kept
    deltas.extend(NodeDelta("removed", suffix, node.body) for suffix, node in before.items())
    return Merge(history, deltas)


def _succeed(earlier: StoredNode, body: str, now: float) -> tuple[NodeHistory, ChangeKind]:
    old, new = _decode_compared(earlier.body), _decode_compared(body)
    documented: str | None = None
    if new.docstring is not None and new.docstring == old.docstring:
        baseline = earlier.history.documented_signature
        baseline = old.signature if baseline is None else baseline
        documented = None if new.signature == baseline else baseline
    history = NodeHistory(earlier.history.version + 1, earlier.history.created_at, now, documented)
    return history, "moved" if old.digest == new.digest else "changed"
