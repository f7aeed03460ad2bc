"""Any OpenAI-compatible endpoint: what is sent, what is refused, and what an error never tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from remora_hub.config import EmbedConfig
from remora_hub.enrich.embed.model import model_for
from remora_hub.enrich.failures import BadAnswerError, CallError, Category, RefusedError
from remora_hub.errors import ConfigError

Provider = Any  # conftest's


async def test_rows_come_in_the_order_of_the_texts_with_length_one_and_the_tokens_counted(
    provider: Provider,
) -> None:
    model = provider.model()
    answer = await model.embed(["lock a file", "send mail", "lock a door"])
    await model.close()
    assert answer.tokens == 21
    assert np.allclose(np.linalg.norm(answer.value, axis=1), 1)
    assert answer.value[0] @ answer.value[2] > answer.value[0] @ answer.value[1]


async def test_the_key_goes_into_the_header_and_nowhere_else(provider: Provider) -> None:
    model = provider.model(api_key="sk-0123")
    await model.embed(["a"])
    assert provider.requests[0].headers["authorization"] == "Bearer sk-0123"
    provider.answer = lambda texts: (401, {}, {"error": "no"})
    with pytest.raises(RefusedError, match="api_key_env") as caught:
        await model.embed(["a"])
    await model.close()
    assert "sk-0123" not in f"{caught.value!r} {caught.value}"
    assert "sk-0123" not in model.name


def data(*embeddings: list[float]) -> dict[str, Any]:
    return {"data": [{"index": index, "embedding": row} for index, row in enumerate(embeddings)]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (data([1.0, 0.0]), "1 embeddings for 2 texts"),
        (data([1.0], [1.0, 2.0]), "of dimension [1, 2]"),
        (data([], []), "of dimension [0]"),
        (data([1.0, 0.0], [0.0, 0.0]), "not finite, or zero"),
        ({"data": "none"}, "no embeddings"),
        ({"error": "overloaded"}, "no embeddings"),
        ({"data": [{"index": 5, "embedding": [1.0]}] * 2}, "2 embeddings for 2 texts"),
    ],
)
async def test_an_answer_that_cannot_be_used_is_a_bad_answer(
    provider: Provider, body: Any, said: str
) -> None:
    provider.answer = lambda texts: (200, {}, body)
    model = provider.model()
    with pytest.raises(BadAnswerError) as caught:
        await model.embed(["a", "b"])
    await model.close()
    assert said in str(caught.value)


async def test_a_number_that_is_none_is_a_bad_answer(provider: Provider) -> None:
    provider.answer = lambda texts: (200, {}, data([float("nan"), 1.0]))
    model = provider.model()
    with pytest.raises(BadAnswerError):
        await model.embed(["a"])
    await model.close()


async def test_another_dimension_than_before_is_a_bad_answer(provider: Provider) -> None:
    model = provider.model()
    await model.embed(["a"])
    provider.answer = lambda texts: (200, {}, data([1.0, 2.0]))
    with pytest.raises(BadAnswerError, match="not 64"):
        await model.embed(["a"])
    await model.close()


async def test_retry_after_reaches_the_processor(provider: Provider) -> None:
    provider.answer = lambda texts: (429, {"retry-after": "7"}, {})
    model = provider.model()
    with pytest.raises(CallError) as caught:
        await model.embed(["a"])
    await model.close()
    assert caught.value.failure.category is Category.RATE_LIMIT
    assert caught.value.failure.retry_after_s == 7


async def test_a_server_that_is_not_there_is_the_providers_fault(provider: Provider) -> None:
    model = provider.model()
    model._url = "http://127.0.0.1:9/v1/embeddings"  # the port of discard, where nobody listens
    with pytest.raises(CallError) as caught:
        await model.embed(["a"])
    await model.close()
    assert caught.value.failure.category is Category.PROVIDER
    assert caught.value.failure.is_worth_retrying


def test_a_key_that_no_header_can_hold_is_refused_without_being_named() -> None:
    config = EmbedConfig(base_url="http://127.0.0.1:1/v1", api_key_env="MY_KEY")
    with pytest.raises(ConfigError) as caught:
        model_for(config, {"MY_KEY": "sk-se\ncret"})
    assert "cret" not in str(caught.value)
    assert "MY_KEY" in str(caught.value)


def test_a_provider_that_wants_a_key_is_not_asked_without_one() -> None:
    with pytest.raises(ConfigError, match="no key in the environment"):
        model_for(EmbedConfig(base_url="https://api.openai.com/v1"), {})


def test_limits_are_the_configured_ones_or_the_providers_preset() -> None:
    def limits(base_url: str, **settings: Any) -> tuple[float | None, float | None]:
        found = model_for(EmbedConfig(base_url=base_url, **settings), {"OPENAI_API_KEY": "k"}).limits
        return found.requests_per_minute, found.tokens_per_minute

    assert limits("https://api.openai.com/v1") == (2800, None)
    assert limits("http://localhost:8000/v1") == (480, None)
    assert limits("https://models.example.com/v1") == (None, None)
    assert limits("https://api.openai.com/v1", requests_per_minute=90, tokens_per_minute=1000) == (90, 1000)
