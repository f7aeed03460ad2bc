"""The database file, its write-ahead log and the log's index, told from what others put there or write there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remora_hub.errors import CorruptStoreError

_COMPANIONS = ("", "-wal", "-shm")
_WRITTEN = ("", "-wal")

Stamps = tuple[tuple[int, int], ...]
"""Size and time of modification of each file that commits and checkpoints write to."""


def refuse_what_is_no_file(path: Path) -> None:
    """Raise CorruptStoreError if a link, a directory, a pipe stands where the database or a companion of it belongs.

    A link would have the hub write where its author chose, a pipe would have it wait for ever. Nothing is opened.
    """
    for ending in (*_COMPANIONS, "-journal"):
        place = path.with_name(path.name + ending)
        if os.path.lexists(place) and not stat.S_ISREG(place.lstat().st_mode):
            reason = f"{place.name} is no regular file"
            raise CorruptStoreError("open the store", str(path), reason, "it will be rebuilt")


class StoreFiles:
    """Made while a connection is open, when all three are there (https://sqlite.org/tempfiles.html, 2.2 and 2.3).

    SQLite notices none of this: who writes goes on in a deleted log, and who opens the database then sees an older
    state of it, or makes logs that contradict each other (https://sqlite.org/howtocorrupt.html, sections 1.4 and 4.4);
    what others write into the files is met when it is read, if ever. The writer says when it is at work: what changes
    at other times, somebody else did.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inodes = {
            place: place.stat().st_ino
            for ending in _COMPANIONS
            if (place := path.with_name(path.name + ending)).exists()
        }
        self._works = 0  # odd while the writer is at work
        self._written_by_others = False
        self._stamps = self._look()

    def check(self) -> None:
        """Raise CorruptStoreError if one was deleted or replaced."""
        for place, inode in self._inodes.items():
            try:
                is_there = place.lstat().st_ino == inode
            except FileNotFoundError:
                if not self._path.parent.exists():
                    continue  # moved away, and it may come back: the hub makes it anew if the root is still there
                is_there = False
            except OSError:
                continue  # out of reach for now: that is no damage, and whoever writes hears of it
            if not is_there:
                reason = f"{place.name} was deleted or replaced"
                raise CorruptStoreError("keep the store", str(self._path), reason, "it will be rebuilt")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The writer writes inside, and nobody hears of it before the end."""
        if self._look() != self._stamps:
            self._written_by_others = True
        self._works += 1
        try:
            yield
        finally:
            self._stamps = self._look()
            self._works += 1

    def were_written_by_others(self) -> bool:
        """Whether anybody but the writer has written into them since this was last asked. For another thread, too."""
        works, known = self._works, self._stamps
        found = self._look()
        if found != known and not works % 2 and works == self._works:
            self._stamps = found
            self._written_by_others = True
        was, self._written_by_others = self._written_by_others, False
        return was

    def _look(self) -> Stamps:
        stamps = []
        for ending in _WRITTEN:
            try:
                found = os.stat(f"{self._path}{ending}", follow_symlinks=False)
            except OSError:  # gone, or out of reach: ``check`` says which
                stamps.append((-1, -1))
            else:
                stamps.append((found.st_size, found.st_mtime_ns))
        return tuple(stamps)
