"""What tells that a file may have changed, without reading it."""

from __future__ import annotations

import os
from typing import NamedTuple, Self


class Fingerprint(NamedTuple):
    """What ``lstat`` tells of a file's content without reading it; size in bytes, time in ns since the epoch.

    The time is the later of two, ``st_mtime`` and ``st_ctime``: whoever writes a file can set back the first
    (``touch``, ``rsync``, archives), and some file systems keep no second. A change of permissions, of owner or of the
    number of links shows, too, and costs a reading.
    """

    size: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The fingerprint in what ``lstat`` found."""
        return cls(status.st_size, max(status.st_mtime_ns, status.st_ctime_ns), status.st_ino)
