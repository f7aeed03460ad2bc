"""The names of files by their spelling, read one file after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from remora_hub.discovery.read import Omitted, SourceReader, Vanished
from remora_hub.extract.spelled_names import definitions_of, spelled_names
from remora_hub.model_names import module_name

if TYPE_CHECKING:
    from pathlib import Path


class SpelledFile(NamedTuple):
    """``suffixes`` has a line for each name, ``places`` is as in ``facts.PackedFile``."""

    path: str
    suffixes: str
    places: str


def read_names(root: Path | str, paths: Iterable[str], max_bytes: int) -> Iterator[SpelledFile]:
    """The names in each file that can be read, one after the other."""
    return (_names_in(path, data) for path, data in _read(root, paths, max_bytes))


def read_names_defining(
    wanted: str, root: Path | str, paths: Iterable[str], max_bytes: int
) -> Iterator[SpelledFile | None]:
    """The same of those that seem to define, or are, something with ``wanted`` in its name; None for each other."""
    may_define, part = definitions_of(wanted), wanted.lower()
    if may_define is not None:
        for path, data in _read(root, paths, max_bytes):
            is_wanted = part in module_name(path).lower() or may_define(data)
            yield _names_in(path, data) if is_wanted else None


def _read(root: Path | str, paths: Iterable[str], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    with SourceReader(root, max_bytes) as reader:
        for path in paths:
            with contextlib.suppress(Omitted, Vanished, OSError):  # the index will say why
                yield path, reader.read_bytes(path)[0]


def _names_in(path: str, data: bytes) -> SpelledFile:
    names = spelled_names(path, data)
    return SpelledFile(path, "\n".join(names.suffixes), names.places)
