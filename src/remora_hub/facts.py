"""What extraction hands to the store: plain packed values, cheap to encode, decode and pickle across a pipe.

The shapes of the *records* (what a reader of the database sees) are the pydantic models in ``model``; these are
the same facts on their way there. Nothing here imports pydantic, so that a parse lane stays small.
"""

from __future__ import annotations

import msgspec


class PackedNode(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One node of a file.

    ``suffix`` is the node's key without ``node:{path}:`` (the qualified name, with ``#2`` for a name defined
    again). ``body`` is the JSON object of the record without ``version``, ``created_at`` and ``updated_at``;
    fields at their default are left out. ``digest`` is the node's source digest, also in the body.
    """

    suffix: str
    digest: str
    body: str


class PackedFile(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All facts of one file, as one lane returns them.

    ``body`` is the JSON object of the file's record (encoding, imports, problems, ...) without ``version``,
    times and fingerprint. ``names`` is the sorted distinct identifiers, each followed by a newline, UTF-8, with one
    newline before the first, so that ``\\nname\\n`` finds a name exactly. ``occurrences`` is the compressed table of
    identifier places (see ``extract.occurrences``).
    """

    body: str
    nodes: list[PackedNode]
    names: bytes
    occurrences: bytes
    symbols: bytes = b""
