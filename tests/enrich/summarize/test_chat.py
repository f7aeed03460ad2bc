"""The three protocols against a real server: what is sent, what comes back, what its errors mean."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from typing import Any

import pytest

from remora_hub.enrich.failures import Category, RefusedError
from remora_hub.enrich.summarize import chat
from remora_hub.enrich.summarize.chat import HttpChatModel
from remora_hub.enrich.summarize.exchange import ChatError, Completion, Prompt
from remora_hub.enrich.summarize.settings import ModelSettings, model_settings
from remora_hub.errors import ConfigError

PROVIDERS = ["openai", "local", "anthropic", "google"]
PROMPT = Prompt("Be short.", "name: f\ntext")
KEY = "sk-test-0123456789abcdef"


async def ask(settings: ModelSettings) -> Completion:
    async with HttpChatModel(settings) as model:
        return await model.complete(PROMPT, 50)


@pytest.mark.parametrize("kind", PROVIDERS)
async def test_each_protocol_brings_text_and_the_tokens_that_were_counted(provider: Any, kind: str) -> None:
    completion = await ask(provider.settings(kind))
    assert completion.text == "Does what f does."
    assert (completion.input_tokens, completion.output_tokens) == (len("Be short.name: f\ntext") // 4, 12)
    [call] = provider.calls
    assert (call.system, call.user) == ("Be short.", "name: f\ntext")
    sent = {"anthropic": ("x-api-key", KEY), "google": ("x-goog-api-key", KEY)}
    name, value = sent.get(kind, ("authorization", f"Bearer {KEY}"))
    assert call.headers[name] == value


@pytest.mark.parametrize("kind", PROVIDERS)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_accepted_is_told_by_the_name_of_its_variable(
    provider: Any, kind: str, status: int
) -> None:
    provider.refuse_with = status, f"no such key: {KEY}", {}
    with pytest.raises(RefusedError, match=r"no such key: \[key\]") as caught:
        await ask(provider.settings(kind))
    assert "TEST_KEY" in str(caught.value)
    assert KEY not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, "API_KEY_INVALID", "TEST_KEY"),
        (402, "", "no credit"),
        (404, "", "no such model"),
        (429, '{"error": {"code": "insufficient_quota"}}', "no credit"),
    ],
)
async def test_what_no_second_call_can_change_ends_all(
    provider: Any, status: int, body: str, said: str
) -> None:
    provider.refuse_with = status, body, {}
    with pytest.raises(RefusedError, match=said):
        await ask(provider.settings())


async def test_a_redirect_is_not_followed(provider: Any) -> None:
    provider.refuse_with = 307, "", {"location": "http://elsewhere.example/v1/chat/completions"}
    with pytest.raises(RefusedError, match=r"elsewhere\.example"):
        await ask(provider.settings())
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("status", "headers", "category", "retry_after_s"),
    [
        (429, {"retry-after": "7"}, Category.RATE_LIMIT, 7),
        (429, {"retry-after": "Fri, 01 Jan 2021 00:00:00 GMT"}, Category.RATE_LIMIT, 0),
        (500, {}, Category.PROVIDER, None),
        (529, {}, Category.PROVIDER, None),
        (504, {}, Category.TIME_OUT, None),
        (400, {}, Category.PROVIDER, None),
    ],
)
async def test_a_status_has_its_category_and_costs_nothing(
    provider: Any, status: int, headers: dict[str, str], category: Category, retry_after_s: float | None
) -> None:
    provider.refuse_with = status, "because \x1b[31m" + "x" * 1000, headers
    with pytest.raises(ChatError) as caught:
        await ask(provider.settings())
    failure = caught.value.failure
    assert (failure.category, failure.retry_after_s) == (category, retry_after_s)
    assert failure.is_worth_retrying == (status != 400)
    assert not caught.value.may_be_billed
    assert "because \\x1b[31mxxx" in failure.reason
    assert len(failure.reason) < 400


@pytest.mark.parametrize("kind", PROVIDERS)
@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"choices": 3, "content": 3, "candidates": 3}'])
async def test_an_answer_that_is_none_may_have_cost_something(provider: Any, kind: str, body: str) -> None:
    provider.refuse_with = 200, body, {}
    with pytest.raises(ChatError) as caught:
        await ask(provider.settings(kind))
    assert caught.value.failure.category is Category.BAD_ANSWER
    assert caught.value.may_be_billed


async def test_nobody_there_costs_nothing_and_is_the_providers_fault() -> None:
    settings = model_settings("local", "m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ChatError) as caught:
        await ask(settings)
    assert caught.value.failure.category is Category.PROVIDER
    assert caught.value.failure.is_providers_fault
    assert not caught.value.may_be_billed


async def test_proxies_of_the_environment_are_not_for_http(provider: Any, monkeypatch: Any) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await ask(provider.settings())).text


def test_no_model_or_endpoint_is_taken_for_granted() -> None:
    with pytest.raises(ConfigError, match="no model is named"):
        model_settings("openai", "")
    with pytest.raises(ConfigError, match="no endpoint"):
        model_settings("local", "llama")
    with pytest.raises(ConfigError, match="user's name"):
        model_settings("local", "llama", base_url="https://me:secret@host/v1")


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("openai", "OPENAI_API_KEY is not set"),
        ("anthropic", "ANTHROPIC_API_KEY is not set"),
        ("google", "GEMINI_API_KEY or GOOGLE_API_KEY is not set"),
    ],
)
def test_a_missing_key_is_told_by_its_variable(kind: Any, named: str, monkeypatch: Any) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=named):
        HttpChatModel(model_settings(kind, "m"))


def test_what_can_be_no_key_is_told_without_showing_it(provider: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-one\nsk-two")
    with pytest.raises(ConfigError, match="TEST_KEY") as caught:
        HttpChatModel(provider.settings())
    assert "sk-one" not in str(caught.value)


async def test_no_answer_in_time_may_have_cost_something(provider: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chat, "CALL_TIMEOUT_S", 0.05)
    provider.delay_s = 5.0
    with pytest.raises(ChatError) as caught:
        await ask(provider.settings())
    assert caught.value.failure.category is Category.TIME_OUT
    assert caught.value.may_be_billed


async def test_an_answer_without_end_is_given_up(provider: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chat, "_MOST_ANSWER_BYTES", 10_000)
    provider.refuse_with = 200, "x" * 100_000, {}
    with pytest.raises(ChatError, match="bytes") as caught:
        await ask(provider.settings())
    assert caught.value.may_be_billed


def test_without_httpx_the_extra_is_named(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ConfigError, match=r"remora-hub\[enrich\]"):
        HttpChatModel(model_settings("local", "m", base_url="http://127.0.0.1:9/v1"))


def test_who_sends_nothing_loads_no_client() -> None:
    program = (
        "import sys, remora_hub.server.hub_methods, remora_hub.enrich.summarize.reading\n"
        "import remora_hub.enrich.summarize.run, remora_hub.enrich.summarize.chat\n"
        "assert 'httpx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("url", ["http://[::1/v1", "http://127.0.0.1:99999/v1", "http:///v1"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="no address"):
        model_settings("local", "m", base_url=url)


async def test_a_redirect_to_nowhere_ends_all_too(provider: Any) -> None:
    provider.refuse_with = 307, "", {"location": "http://["}
    with pytest.raises(RefusedError, match="what is no address"):
        await ask(provider.settings())


@pytest.mark.parametrize(
    "proxy", ["http://me:secret@host:port", "ftp://me:secret@host", "socks5://me:secret@host:1"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_showing_it(proxy: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        HttpChatModel(model_settings("local", "m", base_url="https://model.example/v1"))
    assert "secret" not in "".join(traceback.format_exception(caught.value))


async def test_a_proxy_that_lets_nothing_through_costs_nothing(monkeypatch: Any) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(ChatError, match="407") as caught:
            await ask(model_settings("local", "m", base_url="https://model.example/v1"))
    assert not caught.value.may_be_billed


async def test_no_part_of_the_key_is_shown_either(provider: Any) -> None:
    provider.refuse_with = 401, f"Incorrect API key provided: {KEY[:8]}*****{KEY[-4:]}. You can", {}
    with pytest.raises(RefusedError, match=r"provided: \[key\] You can") as caught:
        await ask(provider.settings())
    assert KEY[-4:] not in str(caught.value)
