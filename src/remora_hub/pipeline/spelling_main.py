"""The program of the processes that read names as they are spelled; see ``spelling_process``.

``argv`` is the parent's process id, the root, and descriptors to answer on, one for each process that shall read: the
others are forks of the first, which looks for the files as soon as it runs. Standard input says which those are, as a
``config.DiscoveryConfig`` does; then, in time, what is looked for first, a part of a name or nothing. Each process
gives two answers, a 4-byte little-endian length and a list of files (path, suffixes, places): of those that seem to
define what is wanted, then of all, as far as none of the others has read them. Both ends are of one interpreter: values
are marshalled. Ends early if its parent does. Who waits for it waits for its start, too: it imports little.
"""

from __future__ import annotations

import gc
import marshal
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import source_paths
from remora_hub.errors import RootError
from remora_hub.pipeline.spelled_files import SpelledFile, read_names, read_names_defining
from remora_hub.pipeline.spelling_process import ANSWER_HEADER

_FILES_BETWEEN_LOOKS = 64
_NUMBER = struct.Struct("<I")
_MOST_PARTS = 10_000  # of a list: a pipe holds 16,000 numbers
_NICE = 5  # once who waits has the first answer, which others than this process bring to them


def main() -> None:
    """Find the files, wait for the request, then read file after file."""
    gc.disable()  # nothing here makes cycles, and all of it lasts
    with suppress(EOFError, BrokenPipeError, RootError):  # nobody wants to know any more, or the root is gone
        _serve()


def _serve() -> None:
    root, answers = sys.argv[2], [int(number) for number in sys.argv[3:]]
    discovery = marshal.load(sys.stdin.buffer)  # noqa: S302 - of its parent
    max_bytes = discovery.pop("max_file_bytes")
    paths = source_paths(Path(root), SourceRules(Path(root), **discovery))
    wanted = marshal.load(sys.stdin.buffer)  # noqa: S302 - of its parent
    to_look_into, to_read = _shared_out(paths), _shared_out(paths)
    parent, share = int(sys.argv[1]), 0
    for number in range(1, len(answers)):
        first = os.getpid()
        if os.fork() == 0:
            parent, share = first, number
            break
    for number, answer in enumerate(answers):
        if number != share:
            os.close(answer)  # its reader shall see its end
    with open(answers[share], "wb") as told:
        _answer(read_names_defining(wanted, root, to_look_into, max_bytes), told, parent)
        os.nice(_NICE)
        _answer(read_names(root, to_read, max_bytes), told, parent)
    if share == 0:  # it is the parent of the others
        for _ in answers[1:]:
            os.wait()


def _shared_out(paths: Sequence[str]) -> Iterator[str]:
    """``paths`` for several processes, the forks that are still to come among them: who is ready takes the next ones.

    A pipe has their numbers; each read takes one from it.
    """
    size = max(_FILES_BETWEEN_LOOKS, 1 + len(paths) // _MOST_PARTS)
    taken, put = os.pipe()
    os.write(put, b"".join(map(_NUMBER.pack, range(0, len(paths), size))))
    os.close(put)

    def parts() -> Iterator[str]:
        while number := os.read(taken, _NUMBER.size):
            (start,) = _NUMBER.unpack(number)
            yield from paths[start : start + size]

    return parts()


def _answer(files: Iterable[SpelledFile | None], told: BinaryIO, parent: int) -> None:
    found = []
    for number, file in enumerate(files):
        if number % _FILES_BETWEEN_LOOKS == 0 and os.getppid() != parent:
            sys.exit()
        if file is not None:
            found.append(tuple(file))
    body = marshal.dumps(found)
    told.write(ANSWER_HEADER.pack(len(body)) + body)
    told.flush()
