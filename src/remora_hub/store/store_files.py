"""The database file, its write-ahead log and the log's index, told from others that came to stand in their places."""

from __future__ import annotations

from pathlib import Path

from remora_hub.errors import CorruptStoreError

_COMPANIONS = ("", "-wal", "-shm")


class StoreFiles:
    """Made while a connection is open, when all three are there (https://sqlite.org/tempfiles.html, 2.2 and 2.3).

    SQLite notices none of this: who writes goes on in a deleted log, and who opens the database then sees an older
    state of it, or makes logs that contradict each other (https://sqlite.org/howtocorrupt.html, sections 1.4 and 4.4).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inodes = {
            place: place.stat().st_ino
            for ending in _COMPANIONS
            if (place := path.with_name(path.name + ending)).exists()
        }

    def check(self) -> None:
        """Raise CorruptStoreError if one was deleted or replaced."""
        for place, inode in self._inodes.items():
            try:
                is_there = place.stat().st_ino == inode
            except FileNotFoundError:
                if not self._path.parent.exists():
                    continue  # moved away, and it may come back: the hub makes it anew if the root is still there
                is_there = False
            except OSError:
                continue  # out of reach for now: that is no damage, and whoever writes hears of it
            if not is_there:
                reason = f"{place.name} was deleted or replaced"
                raise CorruptStoreError("keep the store", str(self._path), reason, "it will be rebuilt")
