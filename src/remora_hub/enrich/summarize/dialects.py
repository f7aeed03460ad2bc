"""The three protocols in which chat models are spoken to: where to post, what, and how to read the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from remora_hub.enrich.summarize.exchange import Completion, Prompt
from remora_hub.enrich.summarize.settings import ModelSettings, Provider

_ANTHROPIC_VERSION = "2023-06-01"


class Dialect(Protocol):
    """One of them."""

    def url(self, settings: ModelSettings) -> str:
        """Where prompts are posted."""
        ...

    def headers(self, key: str | None) -> dict[str, str]:
        """Those that carry the key and the version of the protocol."""
        ...

    def body(self, settings: ModelSettings, prompt: Prompt, max_output_tokens: int) -> dict[str, Any]:
        """What is posted."""
        ...

    def completion(self, answer: bytes) -> Completion:
        """What an answer says. Raises msgspec.DecodeError for what is none."""
        ...


class _OpenAIMessage(msgspec.Struct):
    content: str | None = None


class _OpenAIChoice(msgspec.Struct):
    message: _OpenAIMessage
    finish_reason: str | None = None


class _OpenAIUsage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _OpenAIAnswer(msgspec.Struct):
    choices: list[_OpenAIChoice]
    usage: _OpenAIUsage | None = None


class OpenAI:
    """``/chat/completions``, of OpenAI and of those that speak as it does: vLLM, Ollama, llama.cpp.

    OpenAI's newer models refuse ``max_tokens``, some of the others know nothing else.
    """

    def __init__(self, limit_name: str) -> None:
        self._limit_name = limit_name

    def url(self, settings: ModelSettings) -> str:
        """As ``Dialect.url``."""
        return f"{settings.base_url}/chat/completions"

    def headers(self, key: str | None) -> dict[str, str]:
        """As ``Dialect.headers``."""
        return {} if key is None else {"authorization": f"Bearer {key}"}

    def body(self, settings: ModelSettings, prompt: Prompt, max_output_tokens: int) -> dict[str, Any]:
        """As ``Dialect.body``."""
        return {
            "model": settings.model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            self._limit_name: max_output_tokens,
        }

    def completion(self, answer: bytes) -> Completion:
        """As ``Dialect.completion``."""
        found = msgspec.json.decode(answer, type=_OpenAIAnswer)
        usage = found.usage or _OpenAIUsage()
        choice = found.choices[0] if found.choices else _OpenAIChoice(_OpenAIMessage())
        return Completion(
            choice.message.content or "",
            choice.finish_reason or "",
            usage.prompt_tokens,
            usage.completion_tokens,
        )


class _AnthropicBlock(msgspec.Struct):
    type: str
    text: str = ""


class _AnthropicUsage(msgspec.Struct):
    input_tokens: int
    output_tokens: int


class _AnthropicAnswer(msgspec.Struct):
    content: list[_AnthropicBlock]
    usage: _AnthropicUsage
    stop_reason: str | None = None


class Anthropic:
    """``/messages``."""

    def url(self, settings: ModelSettings) -> str:
        """As ``Dialect.url``."""
        return f"{settings.base_url}/messages"

    def headers(self, key: str | None) -> dict[str, str]:
        """As ``Dialect.headers``."""
        version = {"anthropic-version": _ANTHROPIC_VERSION}
        return version if key is None else {**version, "x-api-key": key}

    def body(self, settings: ModelSettings, prompt: Prompt, max_output_tokens: int) -> dict[str, Any]:
        """As ``Dialect.body``."""
        return {
            "model": settings.model,
            "system": prompt.system,
            "messages": [{"role": "user", "content": prompt.user}],
            "max_tokens": max_output_tokens,
        }

    def completion(self, answer: bytes) -> Completion:
        """As ``Dialect.completion``."""
        found = msgspec.json.decode(answer, type=_AnthropicAnswer)
        text = "".join(block.text for block in found.content if block.type == "text")
        return Completion(text, found.stop_reason or "", found.usage.input_tokens, found.usage.output_tokens)


class _GooglePart(msgspec.Struct):
    text: str = ""
    thought: bool = False


class _GoogleContent(msgspec.Struct):
    parts: list[_GooglePart] = []


class _GoogleCandidate(msgspec.Struct, rename="camel"):
    content: _GoogleContent = msgspec.field(default_factory=_GoogleContent)
    finish_reason: str = ""


class _GoogleUsage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int = 0
    thoughts_token_count: int = 0


class _GoogleAnswer(msgspec.Struct, rename="camel"):
    candidates: list[_GoogleCandidate] = []
    usage_metadata: _GoogleUsage = msgspec.field(default_factory=_GoogleUsage)


class Google:
    """``/models/{model}:generateContent``. The key goes into a header: an address ends up in logs."""

    def url(self, settings: ModelSettings) -> str:
        """As ``Dialect.url``."""
        return f"{settings.base_url}/models/{quote(settings.model, safe='')}:generateContent"

    def headers(self, key: str | None) -> dict[str, str]:
        """As ``Dialect.headers``."""
        return {} if key is None else {"x-goog-api-key": key}

    def body(self, settings: ModelSettings, prompt: Prompt, max_output_tokens: int) -> dict[str, Any]:
        """As ``Dialect.body``."""
        return {
            "systemInstruction": {"parts": [{"text": prompt.system}]},
            "contents": [{"role": "user", "parts": [{"text": prompt.user}]}],
            "generationConfig": {"maxOutputTokens": max_output_tokens},
        }

    def completion(self, answer: bytes) -> Completion:
        """As ``Dialect.completion``."""
        found = msgspec.json.decode(answer, type=_GoogleAnswer)
        candidate = found.candidates[0] if found.candidates else _GoogleCandidate()
        usage = found.usage_metadata
        is_counted = usage.prompt_token_count is not None
        return Completion(
            "".join(part.text for part in candidate.content.parts if not part.thought),
            candidate.finish_reason,
            usage.prompt_token_count,
            usage.candidates_token_count + usage.thoughts_token_count if is_counted else None,
        )


DIALECTS: Mapping[Provider, Dialect] = {
    "openai": OpenAI("max_completion_tokens"),
    "local": OpenAI("max_tokens"),
    "anthropic": Anthropic(),
    "google": Google(),
}
