"""One hub for each root: a file lock that the kernel releases however the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

import msgspec

from remora_hub.errors import AlreadyRunningError, StoreError
from remora_hub.holder import Holder, read_holder
from remora_hub.paths import StatePaths


class RootLock:
    """A context manager. The file names the holder, for whoever finds it locked; its content means nothing unlocked."""

    def __init__(self, paths: StatePaths) -> None:
        self._paths = paths
        self._file = -1

    def __enter__(self) -> Self:
        """Take the lock. Raises AlreadyRunningError with the holder's pid, StoreError."""
        path = self._paths.lock
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._close()
            holder = read_holder(path)
            raise AlreadyRunningError(str(self._paths.root), holder.pid if holder else None) from None
        except OSError as error:
            self._close()
            raise StoreError("lock", str(path), error.strerror or str(error)) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, msgspec.json.encode(Holder(os.getpid(), str(self._paths.socket))), 0)
        return self

    def renew(self) -> None:
        """Take the lock anew if the file was deleted or replaced: the lock on the old one keeps nobody out.

        Raises AlreadyRunningError if somebody else has come in, StoreError.
        """
        held = self._file
        if _same_file(held, self._paths.lock):
            return
        self._file = -1
        try:
            self.__enter__()
        finally:
            os.close(held)

    def __exit__(self, *_exception: object) -> None:
        if self._file >= 0:
            os.ftruncate(self._file, 0)
        self._close()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.lstat(path))
    except OSError:
        return False
