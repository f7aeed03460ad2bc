"""Which inodes the kernel watches for this process: it drops a watch without a word when a directory goes."""

from __future__ import annotations

import contextlib
import os
import re

_INOTIFY = "anon_inode:inotify"
_WATCH = re.compile(rb"^inotify wd:\S+ ino:(\S+) sdev:(\S+)", re.MULTILINE)


def watched_inodes() -> set[int] | None:
    """The inodes that any inotify instance of this process watches (proc(5), /proc/[pid]/fdinfo).

    None where that cannot be told: without such entries, or where they lie on several devices.
    """
    inodes: set[int] = set()
    devices: set[bytes] = set()
    for descriptor in _inotify_descriptors():
        with (
            contextlib.suppress(OSError),
            open(f"/proc/self/fdinfo/{descriptor}", "rb") as info,
        ):  # retired meanwhile
            for inode, device in _WATCH.findall(info.read()):
                inodes.add(int(inode, 16))
                devices.add(device)
    return inodes if len(devices) == 1 else None


def _inotify_descriptors() -> list[str]:
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed since it was listed
            if os.readlink(f"/proc/self/fd/{descriptor}") == _INOTIFY:
                found.append(descriptor)
    return found
