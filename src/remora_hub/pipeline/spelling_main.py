"""The program of the processes that read names as they are spelled; see ``spelling_process``.

``argv`` is the root, and descriptors to answer on, one for each process that shall read: the others are forks of the
first, which looks for the files as soon as it runs. Standard input says which those are, as a ``DiscoveryConfig`` does;
then, in time, what is looked for first, a part of a name or nothing. Each process gives two answers, a 4-byte
little-endian length and a list of files (path, suffixes, places): of those that seem to define what is wanted, then of
all, as far as none of the others has read them. Both ends are of one interpreter: values are marshalled. All end as
soon as standard input does. Who waits for it waits for its start, too: it imports little.
"""

from __future__ import annotations

import fcntl
import gc
import marshal
import os
import select
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from remora_hub import quick_msgspec  # noqa: F401
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import source_paths
from remora_hub.errors import RootError
from remora_hub.pipeline.spelled_files import SpelledFile, read_names, read_names_defining
from remora_hub.pipeline.spelling_process import ANSWER_HEADER

_FILES_BETWEEN_LOOKS = 64
_NUMBER = struct.Struct("<I")
_NICE = 5  # once who waits has the first answer, which others than this process bring to them


def main() -> None:
    """Find the files, wait for the request, then read file after file."""
    gc.disable()  # nothing here makes cycles, and all of it lasts
    with suppress(EOFError, BrokenPipeError, RootError):  # nobody wants to know any more, or the root is gone
        _serve()


def _serve() -> None:
    root, answers = sys.argv[1], [int(number) for number in sys.argv[2:]]
    discovery = marshal.load(sys.stdin.buffer)  # noqa: S302 - of its parent
    max_bytes = discovery.pop("max_file_bytes")
    paths = source_paths(Path(root), SourceRules(Path(root), **discovery))
    wanted = marshal.load(sys.stdin.buffer)  # noqa: S302 - of its parent
    to_look_into, to_read = _shared_out(paths), _shared_out(paths)
    share, forks = 0, 0
    with suppress(OSError):  # there are no more processes to be had: those that there are read all
        for number in range(1, len(answers)):
            if os.fork() == 0:
                share, forks = number, 0
                break
            forks = number
    try:
        if share == 0:
            for number in range(forks + 1, len(answers)):
                for _ in range(2):
                    _tell(answers[number], [])
        for number, answer in enumerate(answers):
            if number != share:
                os.close(answer)  # its reader shall see its end
        _tell(answers[share], read_names_defining(wanted, root, to_look_into, max_bytes))
        os.nice(_NICE)
        _tell(answers[share], read_names(root, to_read, max_bytes))
    finally:
        for _ in range(forks):
            os.wait()


def _shared_out(paths: Sequence[str]) -> Iterator[str]:
    """``paths`` for several processes, the forks that are still to come among them: who is ready takes the next ones.

    A pipe has their numbers; each read takes one from it.
    """
    taken, put = os.pipe()
    most_parts = fcntl.fcntl(put, fcntl.F_GETPIPE_SZ) // _NUMBER.size // 2
    size = max(_FILES_BETWEEN_LOOKS, 1 + len(paths) // most_parts)
    os.write(put, b"".join(map(_NUMBER.pack, range(0, len(paths), size))))
    os.close(put)

    def parts() -> Iterator[str]:
        while number := os.read(taken, _NUMBER.size):
            (start,) = _NUMBER.unpack(number)
            yield from paths[start : start + size]

    return parts()


def _tell(answer: int, files: Iterable[SpelledFile | None]) -> None:
    """Raises BrokenPipeError as soon as nobody wants to know."""
    found = []
    for number, file in enumerate(files):
        if number % _FILES_BETWEEN_LOOKS == 0 and _is_let_go():
            raise BrokenPipeError
        if file is not None:
            found.append(tuple(file))
    body = marshal.dumps(found)
    rest = memoryview(ANSWER_HEADER.pack(len(body)) + body)
    while rest:
        rest = rest[os.write(answer, rest) :]


def _is_let_go() -> bool:
    """Whether the hub has closed standard input, or has ended."""
    poll = select.poll()
    poll.register(0, 0)
    return bool(poll.poll(0))
