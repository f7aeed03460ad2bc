"""The node records of one file, packed into one compressed blob, and how a new set of them replaces an old one.

One row per node, as a snapshot has it, makes a file 2.6 times as large as the source (Home Assistant: 119,000
nodes, 32.8 MB), since key and path repeat in every record. One compressed page per file takes 0.4 of the source, is
written faster, and its checksum finds flipped bits. The JSON text of a record is put together when it is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from remora_hub.errors import CorruptStoreError
from remora_hub.facts import PackedNode
from remora_hub.store.changes import ChangeKind

# Level 1 compresses records at twice the speed of level 6 and leaves them 15 % larger.
_COMPRESSION_LEVEL = 1


class StoredNode(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One node with its history: ``version`` counts its saves, times are Unix seconds.

    ``documented_signature`` is the signature its docstring was written for where that is no longer the node's own,
    else None. ``body`` is the record's JSON object as extraction gave it.
    """

    suffix: str
    version: int
    created_at: float
    updated_at: float
    documented_signature: str | None
    body: str


class NodeDelta(msgspec.Struct, frozen=True, gc=False):
    """How one node of a file differs from before. ``digest`` is that of its source (of the old one if removed)."""

    kind: ChangeKind
    suffix: str
    digest: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A file's nodes after a replacement, in source order, and what that changed: nothing if ``deltas`` is empty."""

    nodes: list[StoredNode]
    deltas: list[NodeDelta]


class _Compared(msgspec.Struct, frozen=True, gc=False):
    """The part of a body that decides what kind of change it is."""

    digest: str = ""
    signature: str = ""
    docstring: str | None = None


_decode_compared = msgspec.json.Decoder(_Compared).decode
_encode_text = msgspec.json.Encoder().encode


class _Page(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is compressed: ``lead`` is the beginning that all bodies have in common, the path, and is cut from them."""

    lead: str
    nodes: list[StoredNode]


_encode_page = msgspec.msgpack.Encoder().encode
_decode_page = msgspec.msgpack.Decoder(_Page).decode


def pack_page(path: str, nodes: Sequence[StoredNode]) -> bytes:
    """The blob that holds the nodes of the file ``path``."""
    lead = f'{{"path":{_encode_text(path).decode()},'
    if not all(node.body.startswith(lead) for node in nodes):
        lead = ""
    page = _Page(lead, [_with_body(node, node.body[len(lead) :]) for node in nodes])
    return zlib.compress(_encode_page(page), _COMPRESSION_LEVEL)


def unpack_page(path: str, blob: bytes) -> list[StoredNode]:
    """The nodes in a blob, in source order. Raises CorruptStoreError if it is damaged."""
    try:
        page = _decode_page(zlib.decompress(blob))
    except (zlib.error, msgspec.DecodeError) as error:
        raise CorruptStoreError("read the nodes of", path, str(error), "the index will be rebuilt") from error
    return [_with_body(node, page.lead + node.body) for node in page.nodes]


def record_text(node: StoredNode) -> str:
    """The JSON text of the record, as a reader of ``kv_store`` sees it."""
    outdated = ""
    if node.documented_signature is not None:
        signature = _encode_text(node.documented_signature).decode()
        outdated = f'"docstring_outdated":true,"documented_signature":{signature},'
    return (
        f'{{"version":{node.version},"created_at":{node.created_at!r},"updated_at":{node.updated_at!r},'
        f"{outdated}{node.body[1:]}"
    )


def merge_nodes(old: Iterable[StoredNode], new: Sequence[PackedNode], now: float) -> Merge:
    """Replace ``old`` by ``new``: equal nodes stay as they are, changed ones keep their history.

    Raises ValueError if a suffix repeats or holds a colon, since keys would then be ambiguous.
    """
    suffixes = {packed.suffix for packed in new}
    if len(suffixes) < len(new) or ":" in "".join(suffixes):
        raise ValueError("a node's suffix holds a colon or repeats")
    before = {node.suffix: node for node in old}
    nodes: list[StoredNode] = []
    deltas: list[NodeDelta] = []
    for packed in new:
        earlier = before.pop(packed.suffix, None)
        if earlier is None:
            nodes.append(StoredNode(packed.suffix, 1, now, now, None, packed.body))
            deltas.append(NodeDelta("added", packed.suffix, packed.digest))
        elif earlier.body == packed.body:
            nodes.append(earlier)
        else:
            successor, kind = _succeed(earlier, packed, now)
            nodes.append(successor)
            deltas.append(NodeDelta(kind, packed.suffix, packed.digest))
    deltas.extend(
        NodeDelta("removed", suffix, _decode_compared(node.body).digest) for suffix, node in before.items()
    )
    return Merge(nodes, deltas)


def _succeed(earlier: StoredNode, packed: PackedNode, now: float) -> tuple[StoredNode, ChangeKind]:
    old, new = _decode_compared(earlier.body), _decode_compared(packed.body)
    documented: str | None = None
    if new.docstring is not None and new.docstring == old.docstring:
        baseline = earlier.documented_signature
        baseline = old.signature if baseline is None else baseline
        documented = None if new.signature == baseline else baseline
    node = StoredNode(packed.suffix, earlier.version + 1, earlier.created_at, now, documented, packed.body)
    return node, "moved" if old.digest == packed.digest else "changed"


def _with_body(node: StoredNode, body: str) -> StoredNode:
    return StoredNode(
        node.suffix, node.version, node.created_at, node.updated_at, node.documented_signature, body
    )
