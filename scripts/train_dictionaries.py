"""Makes the dictionaries that blobs are packed with, from the project's own sources: no other code is to be in them.

What they are trained on is packed with the present ones. Indexes that were made with those cannot be read any more:
raise ``facts.EXTRACTOR_VERSION`` and ``schema.SCHEMA_VERSION``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import zstandard

from remora_hub.compression import CODE, NAMES, NODES
from remora_hub.extract.extract import Extractor

_BYTES = 16 * 1024
_SAMPLE_BYTES = 4 * 1024  # training takes long samples for one thing that occurs once


def main() -> None:
    """Train and write."""
    arguments = argparse.ArgumentParser(prog="scripts/train-dictionaries", description=__doc__)
    arguments.add_argument("directories", type=Path, nargs="+")
    samples: dict[str, list[bytes]] = {"nodes": [], "code": [], "names": [], "records": []}
    extractor = Extractor()
    for path in sources(arguments.parse_args().directories):
        packed = extractor.extract(path.as_posix(), path.read_bytes())
        samples["nodes"] += pieces(NODES.decompress(packed.nodes))
        samples["code"] += pieces(CODE.decompress(packed.code))
        samples["names"] += pieces(NAMES.decompress(packed.names))
        samples["records"] += pieces(packed.body.encode())
    target = Path(str(files("remora_hub.dictionaries")))
    for name, pieces_of in samples.items():
        dictionary = zstandard.train_dictionary(_BYTES, pieces_of)
        (target / f"{name}.zdict").write_bytes(dictionary.as_bytes())
        print(f"{name}: {len(dictionary)} bytes from {len(pieces_of)} samples")


def sources(directories: list[Path]) -> Iterator[Path]:
    """Every source below them, in the order of paths."""
    for directory in directories:
        yield from sorted(directory.rglob("*.py"))


def pieces(data: bytes) -> list[bytes]:
    """What a long blob is trained on."""
    return [data[start : start + _SAMPLE_BYTES] for start in range(0, len(data), _SAMPLE_BYTES)]


if __name__ == "__main__":
    main()
