"""What is to be indexed at the cold start, in batches: files that somebody asks about first, then the largest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Self

FILES_PER_BATCH = 16
_BYTES_PER_BATCH = 256 * 1024


class Batches:
    """An iterator over batches, for several tasks of one event loop. They shrink towards the end, so that all lanes
    finish together; one is small enough to be committed before long, wherever the hub may be killed.
    """

    def __init__(
        self, sizes: Mapping[str, int], lanes: int, asked_about: Callable[[], Collection[str]]
    ) -> None:
        """``sizes`` of files in bytes, by path and in order; ``asked_about`` tells which paths are wanted now."""
        self._left = dict(sizes)
        self._in_order = iter(list(sizes))
        self._lanes = lanes
        self._asked_about = asked_about

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Sequence[str]:
        if not self._left:
            raise StopIteration
        asked = [path for path in self._asked_about() if path in self._left]
        if asked:
            for path in asked[:FILES_PER_BATCH]:
                del self._left[path]
            return asked[:FILES_PER_BATCH]
        return self._next()

    def _next(self) -> list[str]:
        most_files = max(1, min(FILES_PER_BATCH, len(self._left) // (4 * self._lanes)))
        batch: list[str] = []
        batch_bytes = 0
        for path in self._in_order:
            if path not in self._left:  # it was asked about
                continue
            batch.append(path)
            batch_bytes += self._left.pop(path)
            if len(batch) == most_files or batch_bytes >= _BYTES_PER_BATCH:
                break
        return batch
