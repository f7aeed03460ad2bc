"""An inverted file: vectors in cells around centroids, of which a question looks into the nearest (faiss, MIT).

Chosen among the libraries of approximate neighbours as what needs neither waiting nor a file: 250,000 vectors of 384
dimensions are in their cells in 4 s, where a graph of them (HNSW: usearch, hnswlib, faiss) takes half a minute or
more, is as large, and cannot be rid of what is gone, or badly. README, "Search by meaning", has the figures.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from remora_hub.enrich.embed.extra import semantic_extra

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from remora_hub.enrich.embed.vectors import Matrix, Vector

_CELLS = 512
_LOOKED_INTO = 4  # one cell in so many
_FEWEST_IN_A_CELL = 40  # on the average: of fewer a centroid is no mean
_TRAINING = 100 * _CELLS  # vectors that centroids are chosen from
_ADDED_AT_A_TIME = 20_000
_NICE = 5


class InvertedFile:
    """Vectors by their rows in a matrix, a byte for each dimension. Made by ``build``; for one thread at a time.

    ``built_from`` are so many vectors: the cells fit those.
    """

    def __init__(self, index: faiss.IndexIVFScalarQuantizer, built_from: int) -> None:
        self.built_from = built_from
        self._index = index

    def replace(self, gone: Sequence[int], rows: NDArray[np.int64], vectors: Matrix) -> None:
        """Take out the rows that are ``gone``, and put in ``rows`` with their ``vectors``."""
        import faiss
        import numpy as np

        faiss.omp_set_num_threads(1)
        self._index.remove_ids(faiss.IDSelectorBatch(np.array(gone, dtype=np.int64)))
        self._index.add_with_ids(vectors, rows)

    def nearest(self, query: Vector, count: int) -> NDArray[np.int64]:
        """Of the rows most like the query about the best ``count``, in no order that is to be relied on."""
        import faiss

        faiss.omp_set_num_threads(1)  # for this thread: the time goes into waking others
        _, (rows,) = self._index.search(query[None], count)
        found: NDArray[np.int64] = rows[rows >= 0]
        return found


def build(matrix: Matrix, rows: NDArray[np.int64], is_given_up: Callable[[], bool]) -> InvertedFile | None:
    """An inverted file of these rows of ``matrix``; None if that is given up. For a thread of its own.

    A row that is written to meanwhile may be in it half old and half new. Raises MissingExtraError.
    """
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # who waits for an answer comes first
    with semantic_extra("search by meaning"):
        import faiss
        import numpy as np
    faiss.omp_set_num_threads(1)
    dimensions = matrix.shape[1]
    cells = max(1, min(_CELLS, len(rows) // _FEWEST_IN_A_CELL))
    centroids = faiss.IndexFlatIP(dimensions)
    byte_each = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexIVFScalarQuantizer(centroids, dimensions, cells, byte_each, faiss.METRIC_INNER_PRODUCT)
    index.nprobe = -(-cells // _LOOKED_INTO)
    chosen = np.random.default_rng(0).permutation(rows)[:_TRAINING]
    index.train(matrix[chosen])
    for start in range(0, len(rows), _ADDED_AT_A_TIME):
        if is_given_up():
            return None
        some = rows[start : start + _ADDED_AT_A_TIME]
        index.add_with_ids(matrix[some], some)
    return InvertedFile(index, len(rows))
