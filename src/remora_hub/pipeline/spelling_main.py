"""The program of a process that reads files and answers with their names as they are spelled; see ``spelling``.

``argv`` is the parent's process id, the root, and the size of the largest file in bytes; standard input a msgpack
``SpellingRequest``. There are two answers on standard output, a 4-byte little-endian length each and a msgpack array of
``SpelledFile``: of the files that seem to define what is wanted, then of all. Ends early if its parent does.
"""

from __future__ import annotations

import gc
import os
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from remora_hub.pipeline.spelled_files import SpelledFile, read_names, read_names_defining

ANSWER_HEADER = struct.Struct("<I")
_FILES_BETWEEN_LOOKS = 64
_NICE = 5  # once who waits has the first answer, which others than this process bring to them


class SpellingRequest(msgspec.Struct, array_like=True):
    """What is looked for first, a part of a name or nothing, and the files to read, relative to the root."""

    wanted: str
    paths: Sequence[str]


def main() -> None:
    """Read what is asked for, then file after file."""
    gc.disable()  # nothing here makes cycles, and all of it lasts
    parent, root, max_bytes = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=SpellingRequest)
    _answer(read_names_defining(request.wanted, root, request.paths, max_bytes), parent)
    os.nice(_NICE)
    _answer(read_names(root, request.paths, max_bytes), parent)


def _answer(files: Iterable[SpelledFile | None], parent: int) -> None:
    found = []
    for number, file in enumerate(files):
        if number % _FILES_BETWEEN_LOOKS == 0 and os.getppid() != parent:
            sys.exit()
        if file is not None:
            found.append(file)
    body = msgspec.msgpack.encode(found)
    sys.stdout.buffer.write(ANSWER_HEADER.pack(len(body)) + body)
    sys.stdout.buffer.flush()
