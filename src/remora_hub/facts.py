"""What extraction hands to the store: plain packed values, cheap to encode, decode and pickle across a pipe.

The shapes of the *records* (what a reader of the database sees) are the pydantic models in ``model``; these are
the same facts on their way there. Nothing here imports pydantic, so that a parse lane stays small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from remora_hub.compression import NODES
from remora_hub.marks import mark_for

EXTRACTOR_VERSION = 5
"""Raised whenever the facts of the same bytes change; an index made by another version is made anew.

1: the first.
2: types in quoted annotations are kept as code.
3: blobs are packed with dictionaries, names too.
4: places tell columns in every encoding.
5: the records of nodes are packed as lines.
"""


class PackedFile(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All facts of one file, as one lane returns them; the store keeps the blobs as they are.

    ``body`` is the JSON object of the file's record (encoding, imports, problems, ...) without ``version``,
    times and fingerprint. ``nodes`` holds the records of the file's nodes (see ``pack_nodes``) and ``suffixes`` their
    keys without ``node:{path}:`` (the qualified name, with ``#2`` for a name defined again), both in source order.
    ``names`` is the distinct identifiers, UTF-8, a line each, compressed; ``code`` is the compressed mask (see
    ``syntax.code_text``).
    ``places`` is what a search by name shows and ranks by (see ``pack_places``).
    """

    body: str
    suffixes: list[str]
    nodes: bytes
    names: bytes
    code: bytes
    places: str


class PlacedNode(Protocol):
    """The part of a node's facts that goes into ``places``; the fields are those of ``model.NodeState``."""

    kind: str
    range: tuple[int, int, int, int]
    name_at: tuple[int, int] | None
    is_test: bool
    is_exported: bool


_check = msgspec.json.Decoder(msgspec.Raw).decode_lines


def pack_nodes(bodies: bytes) -> bytes:
    """The blob for the nodes of one file, compressed.

    ``bodies`` are the records as lines (https://jsonlines.org), each an object without ``version``, ``created_at`` and
    ``updated_at``; fields at their default are left out. A line end in a string is escaped, so lines can be told apart
    without parsing them.
    """
    return NODES.compress(bodies)


def unpack_nodes(blob: bytes) -> list[str]:
    """The JSON text of each record in a blob. Raises ValueError if it is damaged."""
    *bodies, rest = NODES.decompress(blob).decode().split("\n")
    if rest:
        raise ValueError("the last record has no end")
    return bodies


def check_nodes(blob: bytes) -> None:
    """Raise ValueError if a record in a blob is no JSON, which ``unpack_nodes`` takes on trust."""
    _check(NODES.decompress(blob))


def pack_places(nodes: Sequence[PlacedNode], wide: Mapping[str, str] | None = None) -> str:
    """A mark for each node, then the place of each name, in the nodes' order, with blanks between.

    A place is ``line:column``. Where not all that stands before the name on its line is ASCII, ``wide`` has in place of
    this ``line:column:column:column``: the columns in UTF-8 bytes, UTF-16 code units and code points.

    What a test's module holds is part of the test. Raises KeyError for another kind.
    """
    in_tests = any(node.is_test for node in nodes if node.kind == "module")
    marks = [mark_for(node.kind, in_tests or node.is_test, node.is_exported) for node in nodes]
    names = (node.name_at or node.range[:2] for node in nodes)
    places = [f"{line}:{column}" for line, column in names]
    if wide:
        places = [wide.get(place, place) for place in places]
    return " ".join(["".join(marks), *places])


def wide_places(places: str) -> dict[str, str]:
    """The wide ones of packed places, as ``pack_places`` takes them."""
    return {place.rsplit(":", 2)[0]: place for place in places.split(" ") if place.count(":") > 1}


def has_place_for_each(places: str, node_count: int) -> bool:
    """Whether ``places`` is of so many nodes."""
    marks, *names = places.split(" ")
    return len(marks) == len(names) == node_count
