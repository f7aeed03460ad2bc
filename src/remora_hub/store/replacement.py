"""What is stored of one file: the one shape all public changes come down to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from remora_hub.compression import NAMES
from remora_hub.facts import PackedFile, pack_nodes, pack_places
from remora_hub.store.changes import FileChange, FileOmitted, FileReplaced

NO_FACTS = PackedFile(
    body="{}", suffixes=[], nodes=pack_nodes(b""), names=NAMES.compress(b""), code=b"", places=""
)


class Replacement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that is stored of one file, whatever its status: what the public changes come down to.

    A struct, since one is made of every file: a tenth of a frozen dataclass's time.
    """

    path: str
    status: str
    detail: str
    size: int
    changed_ns: int
    inode: int
    digest: str
    scanned_ns: int
    packed: PackedFile


class NodesMerged(msgspec.Struct, frozen=True):
    """Single nodes of a file are saved, its others stay; a file the store does not know is made.

    ``bodies`` are their records by suffix, each a JSON object as in ``facts.pack_nodes``.
    """

    path: str
    bodies: Mapping[str, str]


StoreChange = FileChange | Replacement | NodesMerged


class _PlacedNode(msgspec.Struct, gc=False):
    """``facts.PlacedNode`` as a record has it."""

    kind: str
    range: tuple[int, int, int, int]
    name_at: tuple[int, int] | None = None
    is_test: bool = False
    is_exported: bool = True


_decode_placed = msgspec.json.Decoder(_PlacedNode).decode


def as_replacement(change: FileReplaced | FileOmitted | Replacement) -> Replacement:
    """The one shape of a change that gives a file its records."""
    if isinstance(change, Replacement):
        return change
    if isinstance(change, FileReplaced):
        status, detail, packed = "indexed", "", change.packed
    else:
        status, detail, packed = change.status, change.detail, NO_FACTS
    return Replacement(
        path=change.path,
        status=status,
        detail=detail,
        size=change.size,
        changed_ns=change.changed_ns,
        inode=change.inode,
        digest=change.digest,
        scanned_ns=change.scanned_ns,
        packed=packed,
    )


def recorded(
    path: str, body: str, bodies: Mapping[str, str], *, status: str = "indexed", detail: str = ""
) -> Replacement:
    """A replacement that came as records, not from the disk: without a fingerprint, so the next scan reads the file.

    Where identifiers occur is not known from records. ``body`` is that of ``facts.PackedFile``, ``bodies`` are the
    nodes' records by suffix.
    """
    return Replacement(
        path=path,
        status=status,
        detail=detail,
        size=0,
        changed_ns=0,
        inode=0,
        digest="",
        scanned_ns=0,
        packed=PackedFile(
            body,
            list(bodies),
            pack_bodies(bodies),
            NO_FACTS.names,
            NO_FACTS.code,
            pack_places_of(bodies.values()),
        ),
    )


def pack_bodies(bodies: Mapping[str, str]) -> bytes:
    """The blob of the nodes' records, from the text of each."""
    return pack_nodes("".join(f"{body}\n" for body in bodies.values()).encode())


def pack_places_of(bodies: Iterable[str], wide: Mapping[str, str] | None = None) -> str:
    """``facts.PackedFile.places`` of the nodes, from the text of each, which does not tell the ``wide`` ones."""
    return pack_places([_decode_placed(body) for body in bodies], wide)
