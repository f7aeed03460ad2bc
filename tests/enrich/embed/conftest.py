"""An OpenAI-compatible endpoint on loopback that does as a test tells it, and a database for vectors."""

from __future__ import annotations

import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remora_hub.enrich import shared
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.endpoint import EmbeddingEndpoint
from remora_hub.enrich.providers import Limits

DIMENSIONS = 64


def vector_of(text: str) -> list[float]:
    """A direction of its own for each word: texts that share words are near each other."""
    vector = [0.0] * DIMENSIONS
    for word in text.lower().replace(".", " ").split():
        vector[zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
    return vector if any(vector) else [1.0] * DIMENSIONS


@dataclass
class Provider:
    """``answer`` may be replaced: texts in, (status, headers, body) out."""

    base_url: str = ""
    texts: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[list[str]], tuple[int, dict[str, str], Any]] | None = None

    async def embeddings(self, request: Request) -> Response:
        asked = json.loads(await request.body())
        self.requests.append(request)
        self.texts += asked["input"]
        status, headers, body = (self.answer or self.usual)(asked["input"])
        return Response(json.dumps(body), status, {"content-type": "application/json", **headers})

    def usual(self, texts: list[str]) -> tuple[int, dict[str, str], Any]:
        rows = [{"index": index, "embedding": vector_of(text)} for index, text in enumerate(texts)]
        return 200, {}, {"data": rows[::-1], "usage": {"total_tokens": 7 * len(texts)}}

    def model(self, **changes: Any) -> EmbeddingEndpoint:
        settings: dict[str, Any] = {
            "api_key": None,
            "provider": f"test {self.base_url}",
            "limits": Limits(),
            "most_texts": 10,
            "max_workers": 4,
        }
        return EmbeddingEndpoint(self.base_url, "tiny", **{**settings, **changes})


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    application = Starlette(routes=[Route("/v1/embeddings", made.embeddings, methods=["POST"])])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        made.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield made
        server.should_exit = True
        thread.join()


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[EnrichDatabase]:
    with EnrichDatabase(tmp_path / "enrich.db") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _own_limiters(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test makes of a provider is not known to the next."""
    monkeypatch.setattr(shared, "_limiters", {})
    monkeypatch.setattr(shared, "_breakers", {})
