"""Reading one source file safely: regular files only, never through a symbolic link, never more than allowed."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import xxhash

from remora_hub.discovery.fingerprint import Fingerprint
from remora_hub.discovery.omission import OWN_SHORTAGE, Omission, not_regular, unreadable

if TYPE_CHECKING:
    from pathlib import Path  # a process that only reads files starts without it (``pipeline.spelling_main``)

_OPEN_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_OPEN_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_ATTEMPTS = 4
_NO_NAMES = frozenset(("", ".", ".."))


class Source(NamedTuple):
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


class SourceReader:
    """Reads files below ``root`` of at most ``max_bytes``; a context manager, for one batch and one thread.

    The directory of the last file stays open, since the files of a batch lie together. If it is moved meanwhile, bytes
    are read that are no longer at their path: ask ``fingerprint``, which keeps nothing open, before they are used.
    """

    def __init__(self, root: Path | str, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._parent = ""
        self._directory: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def read(self, path: str) -> Source:
        """Read the file at ``path`` (relative to the root, with ``/``).

        A file that changes while it is read is read again, up to four times; if it never rests, the last bytes are
        returned with the fingerprint from before, so that the next comparison finds them outdated.
        Raises ``Omitted``, ``Vanished``, or ``OSError`` when this process is out of descriptors or memory.
        """
        data, found = self.read_bytes(path)
        return Source(data, digest_of(data), found)

    def read_bytes(self, path: str) -> tuple[bytes, Fingerprint]:
        """As ``read``, without the digest."""
        try:
            *parents, name = _names(path)
            parent = path[: -len(name)]
            if self._directory is None or parent != self._parent:
                self._close()
                self._directory, self._parent = _open_directory(self._root, parents), parent
            return _read_at(self._directory, name, self._max_bytes)
        except FileNotFoundError:
            raise Vanished(path) from None
        except OSError as error:
            if error.errno in OWN_SHORTAGE:
                raise
            raise Omitted(unreadable(error)) from error

    def _close(self) -> None:
        if self._directory is not None:
            directory, self._directory = self._directory, None
            os.close(directory)


def read_source(root: Path, path: str, max_bytes: int) -> Source:
    """Read one file as ``SourceReader.read`` does."""
    with SourceReader(root, max_bytes) as reader:
        return reader.read(path)


def fingerprint(root: Path, path: str) -> Fingerprint | None:
    """The fingerprint of a regular file; None if there is none at ``path``, reached as ``read_source`` reaches it.

    Raises ``OSError`` when this process is out of descriptors or memory.
    """
    try:
        *parents, name = _names(path)
        directory = _open_directory(root, parents)
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
    return Fingerprint.of(status) if stat.S_ISREG(status.st_mode) else None


def digest_of(data: bytes) -> str:
    """The digest by which contents are told apart."""
    return xxhash.xxh3_128_hexdigest(data)


def _names(path: str) -> list[str]:
    """The names a path is made of. Raises ``Vanished`` where no file below the root can have it."""
    names = path.split("/")
    if "\0" in path or not _NO_NAMES.isdisjoint(names):
        raise Vanished(path)
    return names


def _open_directory(root: Path | str, names: Sequence[str]) -> int:
    """A descriptor of a directory below the root, reached step by step so that no link is followed."""
    directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in names:
        try:
            below = os.open(name, _OPEN_DIRECTORY, dir_fd=directory)
        except NotADirectoryError:  # a file now, or a symbolic link
            raise Vanished("/".join(names)) from None
        finally:
            os.close(directory)
        directory = below
    return directory


def _read_at(directory: int, name: str, max_bytes: int) -> tuple[bytes, Fingerprint]:
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
        if Fingerprint.of(before) == Fingerprint.of(after) or attempt == _READ_ATTEMPTS - 1:
            break
    return data, Fingerprint.of(before)


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
        if total == size:
            break  # more was asked for: this is the end
    return parts[0] if len(parts) == 1 else b"".join(parts)
