"""What extraction hands to the store: plain packed values, cheap to encode, decode and pickle across a pipe.

The shapes of the *records* (what a reader of the database sees) are the pydantic models in ``model``; these are
the same facts on their way there. Nothing here imports pydantic, so that a parse lane stays small.
"""

from __future__ import annotations

import msgspec

from remora_hub.compression import compress, decompress

EXTRACTOR_VERSION = 1
"""Raised whenever the facts of the same bytes change; an index made by another version is made anew.

1: the first.
"""


class PackedFile(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All facts of one file, as one lane returns them; the store keeps the blobs as they are.

    ``body`` is the JSON object of the file's record (encoding, imports, problems, ...) without ``version``,
    times and fingerprint. ``nodes`` holds the records of the file's nodes (see ``pack_nodes``) and ``suffixes`` their
    keys without ``node:{path}:`` (the qualified name, with ``#2`` for a name defined again), both in source order.
    ``names`` is the distinct identifiers, each followed by a newline, UTF-8, with one newline before the first,
    so that ``\\nname\\n`` finds a name exactly. ``code`` is the compressed mask (see ``syntax.code_text``).
    """

    body: str
    suffixes: list[str]
    nodes: bytes
    names: bytes
    code: bytes


_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode


def pack_nodes(bodies: bytes) -> bytes:
    """The blob for the nodes of one file, compressed.

    ``bodies`` is a JSON array of the records, each an object without ``version``, ``created_at`` and ``updated_at``;
    fields at their default are left out.
    """
    return compress(bodies)


def unpack_nodes(blob: bytes) -> list[str]:
    """The JSON text of each record in a blob. Raises ValueError if it is damaged."""
    try:
        return [str(body, "utf-8") for body in _decode(decompress(blob))]
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
