"""The files that clients have had shown to them lately: what is made of them is wanted before the rest."""

from __future__ import annotations

import threading

_MOST = 30


class ViewedFiles:
    """The latest of them, for any thread; small, so that what is in it means something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: dict[str, None] = {}  # the latest last

    def note(self, path: str) -> None:
        """An answer has shown what is in this file."""
        with self._lock:
            self._paths.pop(path, None)
            self._paths[path] = None
            if len(self._paths) > _MOST:
                del self._paths[next(iter(self._paths))]

    def paths(self) -> list[str]:
        """They, the latest last."""
        with self._lock:
            return list(self._paths)
