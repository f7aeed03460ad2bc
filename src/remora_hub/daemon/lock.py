"""One hub for each root: a file lock that the kernel releases however the process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path
from typing import Self

import msgspec

from remora_hub.errors import AlreadyRunningError, StoreError
from remora_hub.holder import Holder, read_holder
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths

_LONGEST_END_S = 5.0  # of a hub that stops, whatever hangs
_POLL_S = 0.02

log = get_logger(__name__)


class RootLock:
    """A context manager. The file names the holder, for whoever finds it locked; its content means nothing unlocked."""

    def __init__(self, paths: StatePaths) -> None:
        self._paths = paths
        self._file = -1
        self._is_named = False

    def __enter__(self) -> Self:
        """Take the lock; from a holder who is about to end, a moment later. Raises AlreadyRunningError with the
        holder's pid, StoreError.
        """
        path = self._paths.lock
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                raise OSError("it is not a regular file")
            self._wait_for_lock()
        except AlreadyRunningError:
            self._close()
            raise
        except OSError as error:
            self._close()
            raise StoreError("lock", str(path), error.strerror or str(error)) from error
        self._name_holder()
        return self

    def hand_over(self) -> None:
        """Let whoever comes for the lock from now on wait for it: its holder is about to end."""
        if self._file >= 0 and self._is_named:
            with contextlib.suppress(OSError):  # a disk gone read-only: then it is told that one runs
                os.ftruncate(self._file, 0)

    def renew(self) -> None:
        """Take the lock anew if the file was deleted or replaced: the lock on the old one keeps nobody out.

        Raises AlreadyRunningError if somebody else has come in, StoreError.
        """
        held = self._file
        if _same_file(held, self._paths.lock):
            if not self._is_named:
                self._name_holder()
            return
        self._file = -1
        try:
            self.__enter__()
        except BaseException:
            self._file = held  # until there is another
            raise
        os.close(held)

    def __exit__(self, *_exception: object) -> None:
        self.hand_over()
        self._close()

    def _wait_for_lock(self) -> None:
        """Raises AlreadyRunningError when a holder is named, or is neither named nor gone for long."""
        deadline = time.monotonic() + _LONGEST_END_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = read_holder(self._paths.lock)
                if holder is not None or time.monotonic() >= deadline:
                    raise AlreadyRunningError(str(self._paths.root), holder.pid if holder else None) from None
                time.sleep(_POLL_S)
            else:
                return

    def _name_holder(self) -> None:
        """Write who holds the lock, or leave it to ``renew``: on a full disk it is held all the same, and clients
        look for the socket where it is by default.
        """
        holder = msgspec.json.encode(Holder(os.getpid(), str(self._paths.socket)))
        try:
            os.ftruncate(self._file, 0)
            self._is_named = os.pwrite(self._file, holder, 0) == len(holder)
        except OSError as error:
            self._is_named = False
            log.debug("lock.holder_not_named", path=str(self._paths.lock), reason=str(error))

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.lstat(path))
    except OSError:
        return False
