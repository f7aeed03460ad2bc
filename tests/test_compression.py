"""Blobs come back as they went in, are small, and tell when they are damaged."""

from __future__ import annotations

import pytest

from remora_hub.compression import CODE, NAMES, NODES, PLAIN, RECORDS, Codec
from remora_hub.errors import CorruptStoreError
from remora_hub.extract.extract import Extractor

KINDS = {"plain": PLAIN, "nodes": NODES, "code": CODE, "names": NAMES, "records": RECORDS}
SOURCE = b"""from __future__ import annotations


class Store:
    def __init__(self) -> None:
        self.path = None
"""


@pytest.mark.parametrize("codec", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1_000])
def test_a_blob_holds_what_it_was_made_of(codec: Codec, data: bytes) -> None:
    assert codec.decompress(codec.compress(data)) == data


@pytest.mark.parametrize("codec", KINDS.values(), ids=KINDS)
def test_a_flipped_bit_is_found(codec: Codec) -> None:
    blob = bytearray(codec.compress(SOURCE))
    blob[len(blob) // 2] ^= 1
    with pytest.raises(CorruptStoreError):
        codec.decompress(bytes(blob))
    assert codec.decompress(codec.compress(SOURCE)) == SOURCE


def test_what_is_usual_in_python_takes_less_with_a_dictionary() -> None:
    packed = Extractor().extract("store.py", SOURCE)
    for codec, blob in ((NODES, packed.nodes), (CODE, packed.code), (NAMES, packed.names)):
        assert len(blob) < 0.8 * len(PLAIN.compress(codec.decompress(blob)))
