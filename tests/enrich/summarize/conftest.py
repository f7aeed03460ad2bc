"""A provider of chat models on loopback that speaks all three protocols, counts, and can be made difficult."""

from __future__ import annotations

import asyncio
import re
import textwrap
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remora_hub.enrich.summarize.settings import ModelSettings, model_settings

KEY = "sk-test-0123456789abcdef"
_NAME = re.compile(r"^name: (.*)$", re.MULTILINE)


@dataclass
class Call:
    """One request: the definition it is about, what was said to the model, and what was counted for it."""

    name: str
    system: str
    user: str
    headers: dict[str, str]
    status: int
    tokens: int


@dataclass
class Provider:
    """Settings of the server, and what it counted. ``reply`` makes the model's text from a name.

    ``tokens_of`` counts; ``fail_every``: one call in so many ends with HTTP 500; ``rate``: calls in half a second,
    those above are refused; ``refuse_with``: status, body and headers of every answer.
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    on_call: Callable[[], None] = lambda: None
    delay_s: float = 0.0
    fail_every: int | None = None
    rate: int | None = None
    refuse_with: tuple[int, str, dict[str, str]] | None = None
    reply: Callable[[str], str] = "Does what {} does.".format
    tokens_of: Callable[[str], int] = lambda text: len(text.encode()) // 4
    output_tokens: int = 12
    finish_reason: str = "stop"
    accepted_s: deque[float] = field(default_factory=deque)

    @property
    def names(self) -> list[str]:
        """What was answered about, in order."""
        return [call.name for call in self.calls if call.status == 200]

    @property
    def tokens(self) -> int:
        return sum(call.tokens for call in self.calls)

    def settings(self, provider: Any = "local", **fields: Any) -> ModelSettings:
        base = self.url + ("/v1beta" if provider == "google" else "/v1")
        fields = {"api_key_env": "TEST_KEY", "requests_per_minute": 100_000.0, **fields}
        return model_settings(provider, fields.pop("model", "test-model"), base_url=base, **fields)


def _openai(body: dict[str, Any]) -> tuple[str, str]:
    system, user = body["messages"]
    assert body["model"]
    assert body.get("max_tokens") or body.get("max_completion_tokens")
    return system["content"], user["content"]


def _anthropic(body: dict[str, Any]) -> tuple[str, str]:
    assert body["model"]
    assert body["max_tokens"]
    return body["system"], body["messages"][0]["content"]


def _google(body: dict[str, Any]) -> tuple[str, str]:
    assert body["generationConfig"]["maxOutputTokens"]
    return body["systemInstruction"]["parts"][0]["text"], body["contents"][0]["parts"][0]["text"]


def _openai_answer(text: str, read: int, written: int) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"prompt_tokens": read, "completion_tokens": written}}


def _anthropic_answer(text: str, read: int, written: int) -> dict[str, Any]:
    usage = {"input_tokens": read, "output_tokens": written}
    return {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}


def _google_answer(text: str, read: int, written: int) -> dict[str, Any]:
    usage = {"promptTokenCount": read, "candidatesTokenCount": written - 2, "thoughtsTokenCount": 2}
    candidate = {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}
    return {"candidates": [candidate], "usageMetadata": usage}


def _route(current: list[Provider], path: str, read: Any, write: Any) -> Route:
    async def answer(request: Request) -> Response:
        [provider] = current
        system, user = read(await request.json())
        found = _NAME.search(user)
        call = Call(found[1] if found else "", system, user, dict(request.headers), 200, 0)
        provider.calls.append(call)
        provider.on_call()
        if provider.refuse_with is not None:
            call.status, body, headers = provider.refuse_with
            return Response(body, call.status, headers)
        if _is_over_rate(provider):
            call.status = 429
            return JSONResponse({"error": "slow down"}, 429, {"retry-after": formatdate(usegmt=True)})
        if provider.delay_s:
            await asyncio.sleep(provider.delay_s)  # as a model takes its time
        if provider.fail_every and len(provider.calls) % provider.fail_every == 0:
            call.status = 500
            return JSONResponse({"error": "overloaded"}, 500)
        tokens = provider.tokens_of(system + user)
        call.tokens = tokens + provider.output_tokens
        written = write(provider.reply(call.name), tokens, provider.output_tokens)
        if "choices" in written:
            written["choices"][0]["finish_reason"] = provider.finish_reason
        return JSONResponse(written)

    return Route(path, answer, methods=["POST"])


def _is_over_rate(provider: Provider) -> bool:
    now_s, accepted_s = time.monotonic(), provider.accepted_s
    while accepted_s and accepted_s[0] < now_s - 0.5:
        accepted_s.popleft()
    is_over = provider.rate is not None and len(accepted_s) >= provider.rate
    if not is_over:
        accepted_s.append(now_s)
    return is_over


@pytest.fixture(scope="session")
def _served() -> Iterator[tuple[str, list[Provider]]]:
    """The address, and the provider that answers there, which each test puts in."""
    current: list[Provider] = []
    routes = [
        _route(current, "/v1/chat/completions", _openai, _openai_answer),
        _route(current, "/v1/messages", _anthropic, _anthropic_answer),
        _route(current, "/v1beta/models/{model}:generateContent", _google, _google_answer),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", current
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def provider(_served: tuple[str, list[Provider]], monkeypatch: pytest.MonkeyPatch) -> Provider:
    monkeypatch.setenv("TEST_KEY", KEY)
    url, current = _served
    current[:] = [Provider(url)]
    return current[0]


@pytest.fixture
def write_project(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write files into a project; its root."""
    root = tmp_path / "project"

    def write(sources: dict[str, str]) -> Path:
        for path, source in {"pyproject.toml": "", **sources}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(textwrap.dedent(source).lstrip("\n"))
        return root

    return write
