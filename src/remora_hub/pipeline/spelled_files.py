"""The names of files by their spelling, read one file after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from remora_hub.discovery.read import Omitted, SourceReader, Vanished
from remora_hub.extract.spelled_names import spelled_names


class SpelledFile(NamedTuple):
    """``suffixes`` has a line for each name, ``places`` is as in ``facts.PackedFile``."""

    path: str
    suffixes: str
    places: str


def read_names(root: Path, paths: Sequence[str], max_bytes: int) -> Iterator[SpelledFile]:
    """The names in each file that can be read, one after the other."""
    with SourceReader(root, max_bytes) as reader:
        for path in paths:
            with contextlib.suppress(Omitted, Vanished, OSError):  # the index will say why
                names = spelled_names(path, reader.read_bytes(path)[0])
                yield SpelledFile(path, "\n".join(names.suffixes), names.places)
