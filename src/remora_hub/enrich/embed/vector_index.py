"""All vectors of one model in one matrix. Up to 100,000 are compared exactly; of more, an inverted file tells which.

What is found in that is compared exactly, too, so that its cells decide who is looked at, and never who comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from remora_hub.enrich.embed.embed_nodes import vector_store
from remora_hub.enrich.embed.extra import semantic_extra
from remora_hub.enrich.embed.nearest_rows import NearestRows
from remora_hub.enrich.embed.vectors import unpack_all

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from remora_hub.enrich.database import EnrichDatabase
    from remora_hub.enrich.embed.vectors import Matrix, Vector
    from remora_hub.enrich.task_store import ResultVersion

EXACT_UP_TO = 100_000
"""Vectors: of 384 dimensions these take 9 ms; 250,000 took 22 ms, and 4 by way of the inverted file."""
NEAREST = 1_000
"""Keys that a search tells: 300 are wanted, and a kind or path may leave some out."""
_KEYS_PER_READ = 5_000


class Similarities:
    """How like a query nodes are, by the cosine of the angle between each one's vector and the query's: 1 at most.

    ``nearest`` are the keys of the ``NEAREST`` nodes that are most like it, the best first; of a large index about
    those.
    """

    def __init__(
        self, nearest: Sequence[str], rows: Mapping[str, int], matrix: Matrix | None, query: Vector
    ) -> None:
        self.nearest = nearest
        self._rows = rows
        self._matrix = matrix
        self._query = query

    def cosines(self, keys: Iterable[str]) -> dict[str, float]:
        """The cosines of those of ``keys`` that have a vector."""
        known, cosines = self._compared(keys)
        return dict(zip(known, cosines.tolist(), strict=True))

    def most_like(self, keys: Iterable[str], count: int) -> list[str]:
        """The ``count`` of ``keys`` that are most like the query, the best first, exactly."""
        known, cosines = self._compared(keys)
        return [known[place] for place in _largest(cosines, count).tolist()]

    def _compared(self, keys: Iterable[str]) -> tuple[list[str], NDArray[np.float32]]:
        known = [key for key in keys if key in self._rows]
        if self._matrix is None or not known:
            return [], self._query[:0]
        cosines: NDArray[np.float32] = self._matrix[[self._rows[key] for key in known]] @ self._query
        return known, cosines


class VectorIndex:
    """Follows the database, whoever writes to it. For one thread at a time; takes memory from the first search on."""

    def __init__(self, database: EnrichDatabase, model_name: str, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._database = database
        self._store = vector_store(database, model_name)
        self._exact_up_to = exact_up_to
        self._seen: int | None = None
        self._versions: dict[str, ResultVersion] = {}
        self._keys: list[str | None] = []  # by row; None: the row waits for another vector
        self._rows: dict[str, int] = {}
        self._free: list[int] = []
        self._matrix: Matrix | None = None
        self._nearest: NearestRows | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def refresh(self) -> None:
        """Take in what was written since. Raises StoreError, MissingExtraError."""
        seen = self._database.data_version()
        if seen == self._seen:
            return
        versions = self._store.versions()
        if len(versions) > self._exact_up_to:
            with semantic_extra("search by meaning"):
                import faiss  # noqa: F401  # better missed before all is read
        new = [key for key, version in versions.items() if self._versions.get(key) != version]
        old = [key for key in self._rows if self._versions.get(key) != versions.get(key)]
        if new or old:
            self._follow(self._without(old) | self._with(new))
        self._versions, self._seen = versions, seen

    def search(self, query: Vector) -> Similarities:
        """How like the query nodes are. Vectors of another dimension than the query's are like nothing."""
        if self._matrix is None or self._matrix.shape[1] != len(query):
            return Similarities([], {}, None, query)
        rows = self._about_nearest(self._matrix, query)
        cosines = self._matrix @ query if rows is None else self._matrix[rows] @ query
        best = _largest(cosines, NEAREST + len(self._free))
        keys = (self._keys[row] for row in (best if rows is None else rows[best]).tolist())
        return Similarities([key for key in keys if key is not None], self._rows, self._matrix, query)

    def wait_until_built(self) -> None:
        """Return once a large index is searched as one. For who would rather wait: measurements and tests."""
        if self._nearest is not None:
            self._nearest.wait_until_built()

    def close(self) -> None:
        """End what is under way."""
        if self._nearest is not None:
            self._nearest.close()
            self._nearest = None

    def _about_nearest(self, matrix: Matrix, query: Vector) -> NDArray[np.int64] | None:
        """The rows to compare; None: all."""
        if self._nearest is None:
            return None
        return self._nearest.nearest(query, NEAREST, matrix, lambda row: self._keys[row] is not None)

    def _without(self, keys: Iterable[str]) -> set[int]:
        """Forget ``keys``; the rows they had."""
        freed = [self._rows.pop(key) for key in keys]
        for row in freed:
            self._keys[row] = None
        self._free += freed
        return set(freed)

    def _with(self, keys: Sequence[str]) -> set[int]:
        """Read the vectors of ``keys``; the rows they have got. Those of another dimension give way to them."""
        with semantic_extra("search by meaning"):
            import numpy as np
        new: dict[str, bytes] = {}
        for start in range(0, len(keys), _KEYS_PER_READ):
            new |= self._store.results_of(keys[start : start + _KEYS_PER_READ])
        if not new:
            return set()
        dimensions = len(next(iter(new.values()))) // 2
        new = {key: body for key, body in new.items() if len(body) == 2 * dimensions}
        if self._matrix is None or self._matrix.shape[1] != dimensions:
            self.close()
            self._keys, self._rows, self._free = [], {}, []
            self._matrix = np.empty((0, dimensions), dtype=np.float32)
        rows = [self._new_row(key) for key in new]
        added = len(self._keys) - len(self._matrix)
        if added:
            self._matrix = np.concatenate([self._matrix, np.empty((added, dimensions), dtype=np.float32)])
        self._matrix[rows] = unpack_all(list(new.values()))
        return set(rows)

    def _new_row(self, key: str) -> int:
        if self._free:
            row = self._free.pop()
            self._keys[row] = key
        else:
            row = len(self._keys)
            self._keys.append(key)
        self._rows[key] = row
        return row

    def _follow(self, changed: set[int]) -> None:
        if self._matrix is None or len(self) <= self._exact_up_to:
            self.close()
            return
        import numpy as np

        if self._nearest is None:
            self._nearest = NearestRows()
        self._nearest.follow(self._matrix, np.fromiter(self._rows.values(), dtype=np.int64), changed)


def _largest(numbers: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The places of the ``count`` largest, the largest first."""
    if count < len(numbers):
        some = numbers.argpartition(-count)[-count:]
        places: NDArray[np.intp] = some[(-numbers[some]).argsort(kind="stable")]
    else:
        places = (-numbers).argsort(kind="stable")
    return places
