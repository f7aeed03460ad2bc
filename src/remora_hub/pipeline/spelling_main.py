"""The program of a process that reads files and answers with their names as they are spelled; see ``spelling``.

``argv`` is the parent's process id, the root, and the size of the largest file in bytes; standard input a msgpack array
of paths, standard output one of ``SpelledFile``. Ends early if its parent does.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import msgspec

from remora_hub.pipeline.spelled_files import read_names

_FILES_BETWEEN_LOOKS = 64


def main() -> None:
    """Read all paths, then file after file."""
    gc.disable()  # nothing here makes cycles, and all of it lasts
    parent, root, max_bytes = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    paths = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[str])
    found = []
    for number, file in enumerate(read_names(root, paths, max_bytes)):
        if number % _FILES_BETWEEN_LOOKS == 0 and os.getppid() != parent:
            return
        found.append(file)
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
