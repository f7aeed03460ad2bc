"""How blobs are compressed: Zstandard with a checksum, which finds flipped bits, and a dictionary for each kind.

A file's blobs are small: most of what repeats in them does so in other files. A dictionary that the hub brings along
knows what is usual in Python code; ``scripts/train-dictionaries`` makes them from the hub's own sources. Measured on
Home Assistant, 16 KiB each take 9 to 17 % off nodes, code, names and records at level 3, in the time that level 1 took
without them; larger ones take no more. With other dictionaries an index cannot be read: they change with the versions
of extractor and schema.
"""

from __future__ import annotations

import pkgutil

import zstandard

from remora_hub.errors import CorruptStoreError

_LEVEL = 3


class Codec:
    """Packs and unpacks blobs of one kind. For any number of threads."""

    def __init__(self, dictionary: str | None = None) -> None:
        """``dictionary`` is the name of one that the package has; read when it is first needed."""
        self._name = dictionary
        self._dictionary: zstandard.ZstdCompressionDict | None = None
        # Each is used by one thread at a time and then again: made for each call, they take as long again.
        self._compressors: list[zstandard.ZstdCompressor] = []
        self._decompressors: list[zstandard.ZstdDecompressor] = []

    def compress(self, data: bytes) -> bytes:
        """The blob that holds ``data``."""
        try:
            compressor = self._compressors.pop()
        except IndexError:
            compressor = zstandard.ZstdCompressor(
                level=_LEVEL, dict_data=self._loaded(), write_checksum=True, write_dict_id=False
            )
        blob = compressor.compress(data)
        self._compressors.append(compressor)
        return blob

    def decompress(self, blob: bytes, most_bytes: int | None = None) -> bytes:
        """What ``compress`` was given, and no more than ``most_bytes``.

        Raises CorruptStoreError if the blob is damaged or holds more: only the hub's own files hold any.
        """
        try:
            decompressor = self._decompressors.pop()
        except IndexError:
            decompressor = zstandard.ZstdDecompressor(dict_data=self._loaded())
        try:
            if most_bytes is not None and not 0 <= zstandard.frame_content_size(blob) <= most_bytes:
                raise zstandard.ZstdError(f"it tells of no size, or of more than {most_bytes} bytes")
            data = decompressor.decompress(blob)
        except zstandard.ZstdError as error:
            raise CorruptStoreError("unpack", "a blob", str(error), "the index will be rebuilt") from error
        self._decompressors.append(decompressor)
        return data

    def _loaded(self) -> zstandard.ZstdCompressionDict | None:
        if self._name is not None and self._dictionary is None:
            data = pkgutil.get_data("remora_hub.dictionaries", f"{self._name}.zdict")
            assert data is not None  # only a loader that knows no data gives none
            dictionary = zstandard.ZstdCompressionDict(data)
            dictionary.precompute_compress(level=_LEVEL)
            self._dictionary = dictionary
        return self._dictionary


PLAIN = Codec()
NODES = Codec("nodes")
CODE = Codec("code")
NAMES = Codec("names")
RECORDS = Codec("records")
