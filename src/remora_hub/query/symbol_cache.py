"""The symbol table in a file beside the database, ready-made for the first search behind a start.

A help and never a need: what cannot be read or written is as if it were not there. A checksum tells what is damaged.
What is in the file decides what a search finds, so it must have been written here: it has the number of its own inode
in it, which nobody can choose for a file that comes along with a checkout.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
import threading
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from xxhash import xxh3_64_intdigest

from remora_hub.compression import PLAIN
from remora_hub.errors import CorruptStoreError
from remora_hub.logs import get_logger
from remora_hub.paths import open_at_once
from remora_hub.query.postings import NumberedNames
from remora_hub.query.ready_table import ReadyTable

FORMAT_VERSION = 1
"""Raised whenever the file has another shape, or ``SymbolTable.put`` makes something else of the same rows.

1: the first.
"""

_MOST_BYTES = 1 << 28  # a hundred times what a large repository takes
_MAGIC = b"symbols\0"
# Magic, version of the format, version of Python (its tables of letters fold names), inode, checksum of what follows.
_HEADER = struct.Struct("=8sIIQQ")

log = get_logger(__name__)


class SymbolCache:
    """One file, for any thread of one process; others only read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.Lock()

    def read(self) -> ReadyTable | None:
        """What was kept; None where that is nothing, or of no use."""
        try:
            with open(self._path, "rb", opener=open_at_once) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
                    raise ValueError("it is no file, or too large")
                return _unpack(file.read(_HEADER.size), file.read(), status.st_ino)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.DecodeError, CorruptStoreError) as error:
            log.debug("symbols.not_ready", reason=str(error))
            return None

    def write(self, make: Callable[[], ReadyTable]) -> None:
        """Keep what ``make`` makes, in the place of what was kept before; it may raise ValueError."""
        unfinished = self._path.with_name(f"{self._path.name}.new")
        with self._write_lock:
            try:
                body = _pack(make())
                unfinished.unlink(missing_ok=True)
                with open(unfinished, "xb", opener=open_at_once) as file:
                    file.write(_header(body, os.fstat(file.fileno()).st_ino) + body)
                unfinished.replace(self._path)
            except (OSError, ValueError, LookupError, MemoryError) as error:
                log.debug("symbols.not_kept", reason=str(error))
                with suppress(OSError):
                    unfinished.unlink()


class _Content(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As ``ReadyTable``, arrays as the bytes of this machine."""

    paths: list[str]
    digests: memoryview
    names: list[str]
    numbers: memoryview
    counts: memoryview
    several: memoryview
    in_order: memoryview


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Content).decode


def _pack(table: ReadyTable) -> bytes:
    names, *numbers = table.named
    digests, *others = [memoryview(each.tobytes()) for each in (table.digests, *numbers, table.in_order)]
    return PLAIN.compress(_encode(_Content(table.paths, digests, names, *others)))


def _unpack(header: bytes, body: bytes, inode: int) -> ReadyTable:
    """Raises ValueError, msgspec.DecodeError, CorruptStoreError."""
    if header != _header(body, inode):
        raise ValueError("it is damaged, a copy, or of another version")
    content = _decode(PLAIN.decompress(body, _MOST_BYTES))
    digests, numbers, several = (
        _array("Q", data) for data in (content.digests, content.numbers, content.several)
    )
    counts, in_order = _array("I", content.counts), _array("I", content.in_order)
    named = NumberedNames(content.names, numbers, counts, several)
    is_whole = (
        len(digests) == len(content.paths)
        and len(numbers) == len(counts) == len(in_order) == len(content.names)
        and len(several) == sum(counts)
        and max(in_order, default=-1) < len(in_order)
    )
    if not is_whole:
        raise ValueError("its parts do not fit each other")
    return ReadyTable(content.paths, digests, named, in_order)


def _header(body: bytes, inode: int) -> bytes:
    return _HEADER.pack(_MAGIC, FORMAT_VERSION, sys.hexversion, inode, xxh3_64_intdigest(body))


def _array(code: Literal["I", "Q"], data: memoryview) -> array[int]:
    """Raises ValueError where ``data`` is not a whole number of items."""
    made = array(code)
    made.frombytes(data)
    return made
