"""The files that clients look at lately: what is made of them is wanted before the rest, the index itself included."""

from __future__ import annotations

import threading

from remora_hub.store.keys import split_node_key

_MOST = 30
_LONGEST = 4096  # PATH_MAX


class ViewedFiles:
    """The latest of them, for any thread; small, so that what is in it means something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: dict[str, None] = {}  # the latest last

    def note_node(self, key: str) -> None:
        """As ``note``, by the key of a node in the file."""
        if (named := split_node_key(key)) is not None:
            self.note(named[0])

    def note(self, path: str) -> None:
        """Somebody was shown what is in this file, or asked for it."""
        if len(path) > _LONGEST:  # no file's
            return
        with self._lock:
            self._paths.pop(path, None)
            self._paths[path] = None
            if len(self._paths) > _MOST:
                del self._paths[next(iter(self._paths))]

    def paths(self) -> list[str]:
        """They, the latest last."""
        with self._lock:
            return list(self._paths)
