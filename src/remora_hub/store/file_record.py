"""The JSON text of ``file:`` and ``hub:`` records, and their version history; the blob of a file's."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from remora_hub.compression import RECORDS

# The names of ``from module import *`` as ``extract.imports`` writes them; a false find costs its reader a look.
_EVERYTHING = '["*"]'
_HISTORY = re.compile(r'\{"version":(\d+),"created_at":([0-9.e+-]+),"updated_at":([0-9.e+-]+),?')

_OF_THE_HUB = frozenset(("version", "created_at", "updated_at", "path", "status", "detail", "digest", "size"))

_encode = msgspec.json.Encoder().encode


class _Described(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """What the record of a file begins with: all that its bytes alone do not tell."""

    path: str
    status: str = "indexed"
    detail: str = ""
    digest: str = ""
    size: int = 0


_decode_described = msgspec.json.Decoder(_Described).decode


def file_body(path: str, *, status: str, detail: str, digest: str, size: int, extracted: str) -> str:
    """The JSON object of a file's record without its history: fields at their default are left out.

    ``extracted`` is the object extraction gave (encoding, imports, problems, ...).
    """
    described = _encode(_Described(path, status, detail, digest, size)).decode()
    rest = extracted.strip()[1:]
    return described[:-1] + ("" if rest == "}" else ",") + rest


def status_and_digest(record: str) -> tuple[str, str]:
    """What the text of a record says of the file itself. Raises ValueError if it is no record of a file."""
    described = _decode_described(record)
    return described.status, described.digest


def first_version(body: str, now: float) -> str:
    """The record text of a body saved for the first time; ``now`` is Unix seconds."""
    return _with_history(1, repr(now), repr(now), body)


def next_version(stored: str, body: str, now: float) -> str | None:
    """The record text that follows ``stored``; None where the body is the same and nothing is to be saved."""
    history = _HISTORY.match(stored)
    if history is None:
        return first_version(body, now)
    if stored[history.end() :] == body[1:]:
        return None
    return _with_history(int(history[1]) + 1, history[2], repr(now), body)


def imports_everything(body: str) -> bool:
    """Whether the record of a file (``facts.PackedFile.body``) may tell of a ``from module import *``."""
    return _EVERYTHING in body


def pack_record(text: str) -> bytes:
    """The blob of a file's record."""
    return RECORDS.compress(text.encode())


def unpack_record(blob: bytes) -> str:
    """The text of a file's record. Raises CorruptStoreError."""
    return RECORDS.decompress(blob).decode()


def times(record: str) -> tuple[float, float]:
    """When a record was made and when it was last changed, in Unix seconds."""
    history = _HISTORY.match(record)
    return (float(history[2]), float(history[3])) if history else (0.0, 0.0)


def extracted_body(stored: str) -> str:
    """The ``extracted`` that the body of ``stored`` was made with."""
    members: dict[str, Any] = msgspec.json.decode(stored)
    return _json({name: value for name, value in members.items() if name not in _OF_THE_HUB})


def with_node_count(stored: str, node_count: int) -> str:
    """The body of ``stored``, with another number of nodes."""
    members: dict[str, Any] = msgspec.json.decode(stored)
    for history in ("version", "created_at", "updated_at"):
        members.pop(history, None)
    return _json({**members, "node_count": node_count})


def _with_history(version: int, created_at: str, updated_at: str, body: str) -> str:
    separator = "" if body == "{}" else ","
    return f'{{"version":{version},"created_at":{created_at},"updated_at":{updated_at}{separator}{body[1:]}'


def _json(value: object) -> str:
    return _encode(value).decode()
