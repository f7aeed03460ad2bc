"""What embeds texts: the one interface of the embedded models and the endpoints, and the choice among them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.providers import Limits, limits_for
from remora_hub.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from remora_hub.config import EmbedConfig
    from remora_hub.enrich.embed.vectors import Matrix

DEFAULT_MODEL = "all-minilm-l6-v2"
FAST_MODEL = "wordllama"
_ENDPOINTS_USUAL_MODEL = "text-embedding-3-small"


class EmbeddingModel(Protocol):
    """``name`` tells its vectors from those of others; ``provider`` shares ``limits`` and has a circuit breaker.

    ``most_texts`` go into one call, of which ``max_workers`` may be made at a time.
    """

    name: str
    provider: str
    limits: Limits
    most_texts: int
    max_workers: int

    async def prepare(self) -> None:
        """Load what it needs; the first ``embed`` does so, too. Raises ConfigError where that is missing."""
        ...

    async def embed(self, texts: Sequence[str]) -> Answer[Matrix]:
        """A row of length 1 for each text, and the tokens they cost where somebody counts them.

        Raises CallError for a call that failed, and what ``prepare`` does.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and memory."""
        ...


def model_for(config: EmbedConfig, environ: Mapping[str, str] = os.environ) -> EmbeddingModel:
    """The model that is configured; nothing is loaded before it is asked. Raises ConfigError for an unknown one."""
    if config.base_url:
        from remora_hub.enrich.embed.endpoint import EmbeddingEndpoint  # httpx, 100 ms

        provider = _provider(config.base_url)
        return EmbeddingEndpoint(
            config.base_url,
            config.model or _ENDPOINTS_USUAL_MODEL,
            api_key=_key(config.api_key_env, environ, needed=provider == "openai"),
            provider=provider,
            limits=limits_for(
                provider,
                target_rpm=config.requests_per_minute or None,
                target_tpm=config.tokens_per_minute or None,
            ),
            most_texts=config.batch_items,
            max_workers=config.max_workers,
        )
    from remora_hub.enrich.embed.local_model import LocalModel

    return LocalModel(config.model or DEFAULT_MODEL)


def model_name(config: EmbedConfig) -> str:
    """The name of the configured model's vectors, without making it."""
    if config.base_url:
        return f"{config.model or _ENDPOINTS_USUAL_MODEL} at {config.base_url}"
    return config.model or DEFAULT_MODEL


def _key(variable: str, environ: Mapping[str, str], *, needed: bool) -> str | None:
    """The key in a variable of the environment. Raises ConfigError where there is none but has to be, and for what no
    header can hold: the HTTP client would name it in its error."""
    key = environ.get(variable, "").strip() if variable else ""
    if not (key.isascii() and key.isprintable()):
        raise ConfigError("use the key in", variable, "it holds characters that no key has")
    if needed and not key:
        hint = f"export {variable or 'OPENAI_API_KEY'}=..., and name it in enrich.embed.api_key_env"
        raise ConfigError("ask the endpoint", reason="there is no key in the environment", hint=hint)
    return key or None


def _provider(base_url: str) -> str:
    """Who is behind a URL, as ``providers`` knows them; another host by its name, which has no preset."""
    host = urlsplit(base_url).hostname or base_url
    if host == "api.openai.com":
        return "openai"
    return "local" if host in {"localhost", "127.0.0.1", "::1"} else host
