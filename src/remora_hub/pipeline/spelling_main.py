"""The program of a process that reads files and answers with their names as they are spelled; see ``spelling``.

``argv`` is the parent's process id, the root, and the size of the largest file in bytes; standard input what is looked
for first, a part of a name or nothing, and a list of the files to read, relative to the root. There are two answers on
standard output, a 4-byte little-endian length and a list of files (path, suffixes, places) each: of those that seem to
define what is wanted, then of all. Both ends are of one interpreter: values are marshalled. Ends early if its parent
does. Who waits for it waits for its start, too: it imports little.
"""

from __future__ import annotations

import gc
import marshal
import os
import struct
import sys
from collections.abc import Iterable

from remora_hub.pipeline.spelled_files import SpelledFile, read_names, read_names_defining

ANSWER_HEADER = struct.Struct("<I")
_FILES_BETWEEN_LOOKS = 64
_NICE = 5  # once who waits has the first answer, which others than this process bring to them


def main() -> None:
    """Read what is asked for, then file after file."""
    gc.disable()  # nothing here makes cycles, and all of it lasts
    parent, root, max_bytes = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    wanted, paths = marshal.load(sys.stdin.buffer)  # noqa: S302 - of its parent
    _answer(read_names_defining(wanted, root, paths, max_bytes), parent)
    os.nice(_NICE)
    _answer(read_names(root, paths, max_bytes), parent)


def _answer(files: Iterable[SpelledFile | None], parent: int) -> None:
    found = []
    for number, file in enumerate(files):
        if number % _FILES_BETWEEN_LOOKS == 0 and os.getppid() != parent:
            sys.exit()
        if file is not None:
            found.append(tuple(file))
    body = marshal.dumps(found)
    sys.stdout.buffer.write(ANSWER_HEADER.pack(len(body)) + body)
    sys.stdout.buffer.flush()
