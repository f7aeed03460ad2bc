"""Which model is asked, where, with which key and at what price."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from remora_hub.enrich.summarize.prices import Prices, prices_of
from remora_hub.errors import ConfigError

if TYPE_CHECKING:
    from remora_hub.config import SummarizeConfig

Provider = Literal["openai", "anthropic", "google", "local"]

_BASE_URLS: Mapping[Provider, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
    "google": "https://generativelanguage.googleapis.com/v1beta",
}
_KEY_VARIABLES: Mapping[Provider, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "local": (),
}
_OPERATION = "summarize"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where source text is sent, and no other place. ``base_url`` has no slash at its end.

    ``key_variables`` are the environment variables that the key may come from, the first that is set; none where the
    endpoint needs no key. Limits: None where there is none but the provider's preset.
    """

    provider: Provider
    model: str
    base_url: str
    key_variables: tuple[str, ...]
    prices: Prices | None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_workers: int = 50

    @property
    def host(self) -> str:
        """For people: where source text is sent."""
        return urlsplit(self.base_url).netloc


def configured_model(config: SummarizeConfig) -> ModelSettings:
    """The settings that the section ``enrich.summarize`` means. Raises ConfigError as ``model_settings`` does."""
    return model_settings(
        config.provider,
        config.model,
        base_url=config.base_url,
        api_key_env=config.api_key_env,
        input_price=config.input_price,
        output_price=config.output_price,
        requests_per_minute=config.requests_per_minute,
        tokens_per_minute=config.tokens_per_minute,
        max_workers=config.max_workers,
    )


def model_settings(
    provider: Provider,
    model: str,
    *,
    base_url: str = "",
    api_key_env: str = "",
    input_price: float = 0.0,
    output_price: float = 0.0,
    requests_per_minute: float = 0.0,
    tokens_per_minute: float = 0.0,
    max_workers: int = 50,
) -> ModelSettings:
    """The settings that a configuration means; "" and 0 are what it says of nothing.

    Raises ConfigError where no model is named, or no endpoint of one's own.
    """
    if not model:
        raise ConfigError(
            _OPERATION,
            reason="no model is named",
            hint="set enrich.summarize.provider and enrich.summarize.model",
        )
    url = (base_url or _BASE_URLS.get(provider, "")).rstrip("/")
    if not url:
        raise ConfigError(
            _OPERATION, reason="a local model has no endpoint", hint="set enrich.summarize.base_url"
        )
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0  # ``port`` raises ValueError for what is none
    except ValueError:
        is_address = False
    if not is_address:
        raise ConfigError(_OPERATION, reason="base_url is no address", hint="set enrich.summarize.base_url")
    if parts.username is not None:
        raise ConfigError(
            _OPERATION, reason="base_url holds a user's name", hint="keys come from the environment only"
        )
    return ModelSettings(
        provider=provider,
        model=model,
        base_url=url,
        key_variables=(api_key_env,) if api_key_env else _KEY_VARIABLES[provider],
        prices=prices_of(provider, model, input_price=input_price, output_price=output_price),
        requests_per_minute=requests_per_minute or None,
        tokens_per_minute=tokens_per_minute or None,
        max_workers=max_workers,
    )


def read_key(settings: ModelSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The key, for whoever sends it and nobody else; None where none is needed.

    Raises ConfigError where it is missing, or no key. No message holds it, nor a part of it.
    """
    variables = settings.key_variables
    if not variables:
        return None
    for variable in variables:
        key = environ.get(variable, "").strip()
        if not key:
            continue
        if not (key.isascii() and key.isprintable()):  # a client would show it in the error it raises
            raise ConfigError(_OPERATION, reason=f"{variable} holds characters that no key has")
        return key
    names = " or ".join(variables)
    raise ConfigError(_OPERATION, reason=f"{names} is not set", hint="export the key under that name")
