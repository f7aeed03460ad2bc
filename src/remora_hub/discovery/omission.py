"""Why something that is named like a source is not indexed."""

from __future__ import annotations

import errno
import os
import stat
from typing import Literal, NamedTuple

#: Values of ``kinds.FileStatus``.
OmissionStatus = Literal["too_large", "unreadable", "not_regular", "name_not_utf8"]

#: The process is out of something; says nothing about the file.
OWN_SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})

_TYPE_NAMES = {
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
    stat.S_IFDIR: "directory",
}


class Omission(NamedTuple):
    """A named reason; ``detail`` is for a person."""

    status: OmissionStatus
    detail: str


def not_regular(name: str, mode: int, dir_fd: int | None = None) -> Omission:
    """The omission for a file of another type than regular; ``name`` is relative to ``dir_fd`` if given."""
    if not stat.S_ISLNK(mode):
        return Omission("not_regular", _TYPE_NAMES.get(stat.S_IFMT(mode), "not a regular file"))
    try:
        target = printable(os.readlink(name, dir_fd=dir_fd))
    except OSError:
        return Omission("not_regular", "symbolic link")
    return Omission("not_regular", f"symbolic link to {target}")


def unreadable(error: OSError) -> Omission:
    """The omission for what the system would not let us read."""
    return Omission("unreadable", error.strerror or type(error).__name__)


def is_utf8(name: str) -> bool:
    """Whether a name from the file system was valid UTF-8 there."""
    return name.isascii() or not any("\udc80" <= char <= "\udcff" for char in name)


def printable(name: str) -> str:
    """A name with bytes that are not UTF-8 written as ``\\\\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
