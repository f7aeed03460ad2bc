"""The rows of a large matrix that are most like a query, about: an inverted file that is made beside, and follows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from remora_hub.enrich.embed.inverted_file import InvertedFile, build
from remora_hub.logs import get_logger

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from remora_hub.enrich.embed.vectors import Matrix, Vector

_OUTGROWN = 2  # times as many vectors as the cells were made for


log = get_logger(__name__)


class NearestRows:
    """For one thread at a time. It has a thread of its own until it is closed."""

    def __init__(self) -> None:
        self._index: InvertedFile | None = None
        self._building: Future[InvertedFile | None] | None = None
        self._changed: set[int] = set()  # rows of which the index, or the one being built, does not know
        self._has_failed = False
        self._is_closed = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inverted-file")

    def follow(self, matrix: Matrix, rows: NDArray[np.int64], changed: Iterable[int]) -> None:
        """``rows`` of ``matrix`` are in use now; those in ``changed`` are others than before, or no more."""
        self._changed.update(changed)
        self._take_over()
        if self._index is not None and len(rows) > _OUTGROWN * self._index.built_from:
            self._index = None
        if self._index is None and self._building is None and not self._has_failed:
            self._changed.clear()
            self._building = self._thread.submit(build, matrix, rows, self._is_closed.is_set)

    def nearest(
        self, query: Vector, count: int, matrix: Matrix, is_used: Callable[[int], bool]
    ) -> NDArray[np.int64] | None:
        """About the best ``count`` of the rows in use, in no order; None while that is not known."""
        self._take_over()
        if self._index is None:
            return None
        if self._changed:
            self._catch_up(self._index, matrix, is_used)
        return self._index.nearest(query, count)

    def wait_until_built(self) -> None:
        """Return once ``nearest`` knows. For who would rather wait: measurements and tests."""
        if self._building is not None:
            self._building.exception()

    def close(self) -> None:
        """Give up what is being built, which takes a second or so at most, in its thread."""
        self._is_closed.set()
        self._thread.shutdown(wait=False)

    def _take_over(self) -> None:
        building = self._building
        if building is None or not building.done():
            return
        self._building = None
        try:
            self._index = building.result()
        except (MemoryError, RuntimeError) as error:  # the latter is how faiss puts everything
            self._has_failed = True
            log.warning(
                "search.not_indexed", reason=str(error), remedy="free memory; all are compared meanwhile"
            )

    def _catch_up(self, index: InvertedFile, matrix: Matrix, is_used: Callable[[int], bool]) -> None:
        import numpy as np

        changed = sorted(self._changed)
        rows = np.array([row for row in changed if is_used(row)], dtype=np.int64)
        index.replace(changed, rows, matrix[rows])
        self._changed.clear()
