"""The program of a parse lane: a child process that turns the bytes of files into packed facts until its input ends.

A request is a frame of two 4-byte little-endian lengths, the path (UTF-8) and the bytes; an answer is one length and
a msgpack ``facts.PackedFile``; an empty answer, the greeting, says that the lane is up. The process dies with its
parent (``lane_start``) and caps its memory. It ends with ``EX_DATAERR`` over a file whose facts take too much of that,
and by itself after a file that made it large, since memory given to a tree rarely goes back to the system.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import struct
import sys

import msgspec

from remora_hub.extract.extract import Extractor

REQUEST_HEADER = struct.Struct("<II")
ANSWER_HEADER = struct.Struct("<I")

_MOST_ADDRESS_SPACE_BYTES = 3 * 1024**3
_NICE = 5  # whoever asks the hub something does not wait for the processor behind what is being parsed
_RETIRE_ABOVE_KB = 256 * 1024
# A long name in front of many short ones makes facts of hundreds of megabytes from a small file; two megabytes of the
# shortest classes make seven.
_MOST_ANSWER_BYTES = 32 * 1024**2


def main() -> None:
    """Answer requests on standard input until it ends."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole process group; the hub ends its lanes
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESS_SPACE_BYTES, _MOST_ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # no fact is part of a cycle
    extractor = Extractor()
    encode = msgspec.msgpack.Encoder().encode
    _write(ANSWER_HEADER.pack(0))  # the greeting: from here on the parent's time limit runs
    requests = os.fdopen(0, "rb", buffering=1 << 16)
    while header := requests.read(REQUEST_HEADER.size):
        path_length, data_length = REQUEST_HEADER.unpack(header)
        path = requests.read(path_length).decode()
        try:
            answer = encode(extractor.extract(path, requests.read(data_length)))
        except MemoryError:
            sys.exit(os.EX_DATAERR)
        if len(answer) > _MOST_ANSWER_BYTES:
            sys.exit(os.EX_DATAERR)
        _write(ANSWER_HEADER.pack(len(answer)) + answer)
        if (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _RETIRE_ABOVE_KB
            and _peak_kb() > _RETIRE_ABOVE_KB
        ):
            return


def _peak_kb() -> int:
    """The most memory this program has had (proc(5), VmHWM); ``ru_maxrss`` counts its parent's at the fork, too."""
    with open("/proc/self/status", "rb") as status:
        peak = next((line for line in status if line.startswith(b"VmHWM:")), b"VmHWM: 0 kB")
    return int(peak.split()[1])


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]
