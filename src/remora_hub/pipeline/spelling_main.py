"""The program of a process that reads files and answers with their names as they are spelled; see ``spelling``.

``argv`` is the parent's process id, the root, and the size of the largest file in bytes; standard input a msgpack array
of paths, standard output one of ``SpelledFile``. Ends early if its parent does.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import msgspec

from remora_hub.discovery.read import Omitted, SourceReader, Vanished
from remora_hub.extract.spelled_names import spelled_names
from remora_hub.pipeline.spelling import SpelledFile

_FILES_BETWEEN_LOOKS = 64


def main() -> None:
    """Read all paths, then file after file."""
    parent, root, max_bytes = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    paths = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[str])
    found = []
    with SourceReader(root, max_bytes) as reader:
        for number, path in enumerate(paths):
            if number % _FILES_BETWEEN_LOOKS == 0 and os.getppid() != parent:
                return
            with contextlib.suppress(Omitted, Vanished, OSError):  # the index will say why
                names = spelled_names(path, reader.read(path).data)
                found.append(SpelledFile(path, "\n".join(names.suffixes), names.places))
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
