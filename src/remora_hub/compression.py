"""How blobs are compressed: Zstandard with a checksum, which finds flipped bits.

Measured on the nodes and code of Home Assistant: at level 1 half the time of zlib's level 1, and 3 % smaller.
"""

from __future__ import annotations

import threading

import zstandard

_LEVEL = 1
_of_thread = threading.local()  # a context must not be used by two threads at a time


def compress(data: bytes) -> bytes:
    """The blob that holds ``data``."""
    compressor = getattr(_of_thread, "compressor", None)
    if compressor is None:
        compressor = _of_thread.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    return bytes(compressor.compress(data))


def decompress(blob: bytes) -> bytes:
    """What ``compress`` was given. Raises ValueError if the blob is damaged."""
    decompressor = getattr(_of_thread, "decompressor", None)
    if decompressor is None:
        decompressor = _of_thread.decompressor = zstandard.ZstdDecompressor()
    try:
        return bytes(decompressor.decompress(blob))
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
