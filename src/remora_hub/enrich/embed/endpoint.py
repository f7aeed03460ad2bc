"""An OpenAI-compatible ``/v1/embeddings`` endpoint (OpenAI, vLLM, Ollama, llama.cpp, TEI, LiteLLM, ...).

Over httpx: one request of one shape needs no SDK. openai's own would retry and wait by itself behind the back of the
processor, which counts every request against the limits, and it takes over a second to import (httpx: 0.1 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.classify import classify
from remora_hub.enrich.embed.extra import semantic_extra
from remora_hub.enrich.embed.vectors import normalised
from remora_hub.enrich.failures import BadAnswerError, CallError, RefusedError

if TYPE_CHECKING:
    import httpx

    from remora_hub.enrich.embed.vectors import Matrix
    from remora_hub.enrich.providers import Limits

_TIMEOUT_S = 60.0


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Usage(msgspec.Struct):
    total_tokens: int = 0


class _Embeddings(msgspec.Struct):
    """https://platform.openai.com/docs/api-reference/embeddings/object"""

    data: list[_Embedding]
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Embeddings).decode


class EmbeddingEndpoint:
    """An ``EmbeddingModel`` for one event loop. ``api_key`` goes into the header of requests and nowhere else."""

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None,
        provider: str,
        limits: Limits,
        most_texts: int,
        max_workers: int,
    ) -> None:
        self.name = f"{model} at {base_url}"
        self.provider = provider
        self.limits = limits
        self.most_texts = most_texts
        self.max_workers = max_workers
        self._model = model
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client: httpx.AsyncClient | None = None
        self._dimension: int | None = None

    async def prepare(self) -> None:
        """Raises MissingExtraError; asks the endpoint nothing."""
        self._connected()

    async def embed(self, texts: Sequence[str]) -> Answer[Matrix]:
        """One request. Raises CallError, for what is wrong with the answer a BadAnswerError; RefusedError."""
        client = self._connected()
        import httpx  # loaded by now

        try:
            body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
            response = await client.post(self._url, json=body)
            self._check(response.status_code)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise CallError(classify(error)) from error
        try:
            answer = _decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadAnswerError(f"no embeddings: {error}") from error
        tokens = answer.usage.total_tokens if answer.usage and answer.usage.total_tokens else None
        return Answer(self._matrix(answer.data, len(texts)), tokens)

    def _check(self, status: int) -> None:
        """Raises RefusedError after an answer that says that no call can succeed."""
        if status in (401, 403):
            reason, hint = "the key is not accepted", "check the variable that enrich.embed.api_key_env names"
        elif (
            status in (404, 405) or 300 <= status < 400
        ):  # a redirect is not followed: the text goes to one host
            reason, hint = "there is no such endpoint or model", "check enrich.embed.base_url and model"
        else:
            return
        raise RefusedError("embed by", self.name, f"{reason} (HTTP {status})", hint)

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            with semantic_extra("ask the endpoint"):
                import httpx
                import numpy as np  # noqa: F401  # for the answers: better missed before they are paid for
            pool = httpx.Limits(max_connections=self.max_workers)
            self._client = httpx.AsyncClient(headers=self._headers, timeout=_TIMEOUT_S, limits=pool)
        return self._client

    def _matrix(self, data: list[_Embedding], count: int) -> Matrix:
        """Rows in the order of the texts. Raises BadAnswerError."""
        import numpy as np

        rows = sorted(data, key=lambda row: row.index)
        if [row.index for row in rows] != list(range(count)):
            raise BadAnswerError(f"{len(rows)} embeddings for {count} texts")
        dimensions = {len(row.embedding) for row in rows}
        wanted = self._dimension or len(rows[0].embedding)
        if dimensions != {wanted} or not wanted:
            raise BadAnswerError(f"embeddings of dimension {sorted(dimensions)}, not {wanted}")
        matrix = np.array([row.embedding for row in rows], dtype=np.float32)
        if not np.isfinite(matrix).all() or not matrix.any(axis=1).all():
            raise BadAnswerError("an embedding is not finite, or zero")
        self._dimension = wanted
        return normalised(matrix)
