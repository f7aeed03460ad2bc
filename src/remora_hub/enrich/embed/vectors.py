"""Vectors as they are kept: of length 1, in half precision, which costs half the space and no place in a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from remora_hub.enrich.embed.extra import semantic_extra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]  # a row for each vector
    Vector = NDArray[np.float32]


def normalised(vectors: Matrix) -> Matrix:
    """The same directions with length 1; a zero vector, which has none, stays."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled


def pack(vector: Vector) -> bytes:
    """The bytes of a vector: little-endian IEEE 754 half precision."""
    return vector.astype("<f2").tobytes()


def unpack_all(bodies: Sequence[bytes]) -> Matrix:
    """Vectors of one dimension, packed by ``pack``, as the rows of a matrix."""
    with semantic_extra("read vectors"):
        import numpy as np
    joined = np.frombuffer(b"".join(bodies), dtype="<f2")
    matrix: Matrix = joined.reshape(len(bodies), -1).astype(np.float32)
    return matrix
