"""Whether the database file is as the last writer left it when it closed: only if not, its pages need a check.

A check of the index of a large repository takes 50 ms, which would be most of a restart. So a writer that closes leaves
a mark beside the file, ``hub.db-clean``, with the file's size, time and inode; the next one takes it away. After a
kill there is no mark, and a file that anyone wrote to since no longer fits it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_SECOND_NS = 1_000_000_000


def mark(path: Path, inode: int) -> None:
    """Leave the mark for the closed database ``path``, unless others keep its log alive or it is not ``inode``.

    Raises OSError.
    """
    try:
        found = path.stat()
    except FileNotFoundError:  # it was deleted: there is nothing to mark
        return
    if found.st_ino != inode or _has_log(path):
        return
    # A later write within the same tick of the file system's clock (some 4 ms) must show, so the time goes back.
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - _SECOND_NS))
    mark_path = _mark_of(path)
    mark_path.unlink(missing_ok=True)
    with mark_path.open("x", encoding="ascii") as file:  # exclusive: follows no link planted in its place
        file.write(_fingerprint(path))


def take_mark(path: Path) -> bool:
    """Remove the mark; whether there was one and the file is still as it says. Raises OSError."""
    mark_path = _mark_of(path)
    try:
        is_file = stat.S_ISREG(mark_path.lstat().st_mode)
    except FileNotFoundError:
        return False
    expected = mark_path.read_text(encoding="ascii", errors="replace") if is_file else ""
    with contextlib.suppress(IsADirectoryError):
        mark_path.unlink()
    return path.exists() and expected == _fingerprint(path) and not _has_log(path)


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + "-clean")


def _fingerprint(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}\n"


def _has_log(path: Path) -> bool:
    """Whether there is a write-ahead log with anything in it; a reader may leave an empty one."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False
