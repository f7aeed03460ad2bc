"""Reading one source file safely: regular files only, never through a symbolic link, never more than allowed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import xxhash

from remora_hub.discovery.omission import OWN_SHORTAGE, Omission, not_regular, unreadable
from remora_hub.discovery.walk import Fingerprint

_OPEN_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_OPEN_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A file's bytes, their xxh3-128 as hex, and the file's fingerprint from before they were read."""

    data: bytes
    digest: str
    fingerprint: Fingerprint


class Omitted(Exception):  # noqa: N818 - an outcome with a status, not an error
    """The file is there but is not to be indexed; ``omission`` says why."""

    def __init__(self, omission: Omission) -> None:
        self.omission = omission
        super().__init__(omission)

    def __str__(self) -> str:
        return self.omission.detail


class Vanished(Exception):  # noqa: N818 - an outcome, as above
    """No such file below the root: gone, a directory, or reached only through a link or a path that leaves the root."""


def read_source(root: Path, path: str, max_bytes: int) -> Source:
    """Read the file at ``path`` (relative to ``root``, with ``/``) of at most ``max_bytes``.

    A file that changes while it is read is read again, up to four times; if it never rests, the last bytes are
    returned with the fingerprint from before, so that the next comparison finds them outdated.
    Raises ``Omitted``, ``Vanished``, or ``OSError`` when this process is out of descriptors or memory.
    """
    try:
        directory, name = _open_parent(root, path)
        try:
            return _read_at(directory, name, max_bytes)
        finally:
            os.close(directory)
    except FileNotFoundError:
        raise Vanished(path) from None
    except OSError as error:
        if error.errno in OWN_SHORTAGE:
            raise
        raise Omitted(unreadable(error)) from error


def fingerprint(root: Path, path: str) -> Fingerprint | None:
    """The fingerprint of a regular file; None if there is none at ``path``, reached as ``read_source`` reaches it.

    Raises ``OSError`` when this process is out of descriptors or memory.
    """
    try:
        directory, name = _open_parent(root, path)
        try:
            status = os.lstat(name, dir_fd=directory)
        finally:
            os.close(directory)
    except Vanished:
        return None
    except OSError as error:
        if error.errno in OWN_SHORTAGE:
            raise
        return None
    return _fingerprint(status) if stat.S_ISREG(status.st_mode) else None


def digest_of(data: bytes) -> str:
    """The digest by which contents are told apart."""
    return xxhash.xxh3_128_hexdigest(data)


def _open_parent(root: Path, path: str) -> tuple[int, str]:
    """A descriptor of the directory the file lies in, reached step by step so that no link is followed."""
    *parents, name = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in (*parents, name)):
        raise Vanished(path)
    directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for parent in parents:
        try:
            below = os.open(parent, _OPEN_DIRECTORY, dir_fd=directory)
        except NotADirectoryError:  # a file now, or a symbolic link
            raise Vanished(path) from None
        finally:
            os.close(directory)
        directory = below
    return directory, name


def _read_at(directory: int, name: str, max_bytes: int) -> Source:
    for attempt in range(_READ_ATTEMPTS):
        # Looked at before it is opened: opening a device can have effects of its own.
        mode = os.lstat(name, dir_fd=directory).st_mode
        if stat.S_ISDIR(mode):
            raise Vanished(name)
        if not stat.S_ISREG(mode):
            raise Omitted(not_regular(name, mode, directory))
        file = os.open(name, _OPEN_FILE, dir_fd=directory)
        try:
            before = os.fstat(file)
            if not stat.S_ISREG(before.st_mode):
                raise Omitted(not_regular(name, before.st_mode, directory))
            data = _read_at_most(file, before.st_size, max_bytes)
            after = os.fstat(file)
        finally:
            os.close(file)
        if _fingerprint(before) == _fingerprint(after) or attempt == _READ_ATTEMPTS - 1:
            break
    return Source(data, digest_of(data), _fingerprint(before))


def _read_at_most(file: int, size: int, max_bytes: int) -> bytes:
    if size > max_bytes:
        raise Omitted(Omission("too_large", f"{size} bytes; the limit is {max_bytes}"))
    parts: list[bytes] = []
    total = 0
    while part := os.read(file, max(size - total, 0) + 1):
        parts.append(part)
        total += len(part)
        if total > max_bytes:
            raise Omitted(Omission("too_large", f"over {max_bytes} bytes, and growing"))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _fingerprint(status: os.stat_result) -> Fingerprint:
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ino)
