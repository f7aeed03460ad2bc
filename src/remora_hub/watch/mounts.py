"""Which file systems a tree lies on, and whether the kernel can tell what changes on them.

inotify tells of what this kernel does, not of what a server, the host of a virtual machine or the program behind FUSE
does (inotify(7), "Limitations and caveats"). A mount over a directory makes no event at all.
"""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterable
from typing import NamedTuple

_MOUNTINFO = "/proc/self/mountinfo"
# Types as /proc/filesystems has them. Shared with other machines:
_CLUSTERED = ("ceph", "glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "pvfs2", "gfs", "gfs2", "ocfs2")
_REMOTE = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", *_CLUSTERED))
# With the host of this machine, or with whoever runs this container. Not overlay: what is done through it is told, and
# whoever changes its layers below it is outside what its documentation promises (overlayfs.rst, "Changes to underlying
# filesystems"); where that happens all the same, comparisons find it.
_OF_THE_HOST = frozenset(
    ("9p", "v9fs", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "hgfs", "fakeowner")
)
# With a program, and whatever that takes its files from; a FUSE file system on a disk (ntfs-3g) is fuseblk.
_OF_A_PROGRAM = re.compile(r"fuse(\..+)?")
_ESCAPE = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system: its number in /proc/self/mountinfo, where it is mounted, and its type."""

    number: int
    point: str
    kind: str


def silent_kind(kind: str) -> bool:
    """Whether files of this type of file system can change without this kernel's knowing."""
    return kind in _REMOTE or kind in _OF_THE_HOST or _OF_A_PROGRAM.fullmatch(kind) is not None


def read_mounts() -> list[Mount]:
    """All mounts this process sees, in the order they were made (proc(5), /proc/[pid]/mountinfo).

    Empty where there is no such file: then nothing is known of them.
    """
    try:
        with open(_MOUNTINFO, "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    return [_parse(line) for line in lines]


def mounts_of(root: str, mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Those that ``root`` (an absolute path) and what is below it lie on: the one that holds it, then those inside."""
    holder: Mount | None = None
    inside: list[Mount] = []
    for mount in mounts:
        if mount.point != root and mount.point.startswith(root.rstrip("/") + "/"):
            inside.append(mount)
        elif holds(mount, root) and (holder is None or len(mount.point) >= len(holder.point)):
            holder, inside = mount, []  # what was mounted below before is hidden by one that came later
    return (*((holder,) if holder else ()), *inside)


def holds(mount: Mount, path: str) -> bool:
    """Whether the absolute ``path`` is at or below the point of ``mount``."""
    return path == mount.point or path.startswith(mount.point.rstrip("/") + "/")


class MountTable:
    """Tells when the table of mounts has changed, without reading it (proc(5): poll for POLLERR or POLLPRI)."""

    def __init__(self) -> None:
        self._poll = select.poll()
        try:
            self._file = os.open(_MOUNTINFO, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1
            return
        self._poll.register(self._file, select.POLLERR | select.POLLPRI)

    def has_changed(self) -> bool:
        """Whether it has since the last call."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Let the file go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._poll = select.poll()


def _parse(line: bytes) -> Mount:
    fields, _, rest = line.partition(b" - ")
    number, _, _, _, point, *_ = fields.split(b" ")
    plain = _ESCAPE.sub(lambda match: bytes((int(match[1], 8),)), point)
    return Mount(int(number), os.fsdecode(plain), os.fsdecode(rest.split(b" ")[0]))
