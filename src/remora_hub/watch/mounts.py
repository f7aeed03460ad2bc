"""Which file systems a tree lies on, and whether the kernel can tell what changes on them.

inotify tells of what this kernel does, not of what a server, the host of a virtual machine or the program behind FUSE
does (inotify(7), "Limitations and caveats"). A mount over a directory makes no event at all, and what can be reached
by two paths is told of by one.
"""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterable, Sequence
from itertools import combinations
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
# Their inode numbers are unique, and a directory that comes back is another to its watch. Not so on btrfs and ZFS: a
# snapshot put in a directory's place has the inode numbers of the one before, whose watches may live on.
_NUMBERED = frozenset(("ext2", "ext3", "ext4", "xfs", "f2fs", "tmpfs", "overlay"))
_ESCAPE = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system: its number in /proc/self/mountinfo, where it is mounted, and its type.

    ``device`` is its number (major:minor), ``shown`` the part of it that is mounted, from its own root.
    """

    number: int
    point: str
    kind: str
    device: str = ""
    shown: str = "/"


def silent_kind(kind: str) -> bool:
    """Whether files of this type of file system can change without this kernel's knowing."""
    return kind in _REMOTE or kind in _OF_THE_HOST or _OF_A_PROGRAM.fullmatch(kind) is not None


def tells_by_inode(mounts: Sequence[Mount]) -> bool:
    """Whether the number of a watched inode proves that the directory that has it now is the one that is watched."""
    return bool(mounts) and all(mount.kind in _NUMBERED for mount in mounts)


def why_silent(root: str, mounts: Sequence[Mount]) -> str:
    """Why events tell too little of ``root``, which lies on ``mounts`` (see ``mounts_of``); "" if they tell enough."""
    for mount in mounts:
        if silent_kind(mount.kind):
            return f"{mount.point} is {mount.kind}, where others make changes, too"
        if not holds(mount, root) and not os.path.isdir(mount.point):
            return f"{mount.point} is a file mounted there, and only the directory it lies in hears of its changes"
    # A watch is on an inode: of two paths that lead to one, events name the path that was watched last.
    parts = [(mount.device, mount.point, _part_of(mount, root)) for mount in mounts]
    for (device, point, part), (other_device, other, other_part) in combinations(parts, 2):
        if (
            device
            and device == other_device
            and (holds_path(part, other_part) or holds_path(other_part, part))
        ):
            return f"{other} shows what {point} shows, too, and events name one place"
    return ""


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
    return holds_path(mount.point, path)


def holds_path(directory: str, path: str) -> bool:
    """Whether one absolute path is another, or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


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


def _part_of(mount: Mount, root: str) -> str:
    """What of its file system a mount adds to the tree at ``root``: a path from that file system's own root."""
    below = os.path.relpath(root, mount.point) if holds(mount, root) else "."
    return os.path.normpath(os.path.join(mount.shown, below))


def _parse(line: bytes) -> Mount:
    fields, _, rest = line.partition(b" - ")
    number, _, device, shown, point, *_ = fields.split(b" ")
    kind = os.fsdecode(rest.split(b" ")[0])
    return Mount(int(number), _plain(point), kind, os.fsdecode(device), _plain(shown))


def _plain(path: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes((int(match[1], 8),)), path))
