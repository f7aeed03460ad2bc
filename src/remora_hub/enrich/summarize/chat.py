"""Chat models over HTTP.

Where source text goes: to the configured endpoint, and nowhere else. Redirects are not followed. Proxies of the
environment (``HTTPS_PROXY``, ``NO_PROXY``) are used for https alone, where they pass on what they cannot read; what
goes to an http endpoint, such as one's own machine, goes there directly. Nothing else is taken from the environment or
the home directory: a ``.netrc`` could send another key.
"""

from __future__ import annotations

import asyncio
import ssl
from itertools import cycle
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from remora_hub.enrich.classify import classify
from remora_hub.enrich.failures import Category, Failure
from remora_hub.enrich.summarize.dialects import DIALECTS
from remora_hub.enrich.summarize.exchange import ChatError, Completion, Prompt
from remora_hub.enrich.summarize.refusals import reason_of, refusal
from remora_hub.enrich.summarize.settings import ModelSettings, read_key
from remora_hub.errors import ConfigError

if TYPE_CHECKING:
    import httpx

CALL_TIMEOUT_S = 120.0
_CONNECT_TIMEOUT_S = 10.0
_MOST_ANSWER_BYTES = 4 << 20
# httpx looks through all connections of a client for each request: with 300 in one that took 19 ms of processor time a
# call, with 10 in each of 30 clients 1.5.
_CONNECTIONS_PER_CLIENT = 10
_TOO_LARGE = Failure(Category.BAD_ANSWER, f"it has over {_MOST_ANSWER_BYTES} bytes", False)
_OVERDUE = Failure(Category.TIME_OUT, f"no answer in {CALL_TIMEOUT_S:.0f} s", True, is_providers_fault=True)


class HttpChatModel:
    """A ``ChatModel`` behind an HTTP endpoint; an async context manager."""

    def __init__(self, settings: ModelSettings) -> None:
        """Raises ConfigError where httpx is not installed, or the key is missing."""
        self._settings = settings
        self._key = read_key(settings)
        self._dialect = DIALECTS[settings.provider]
        self._clients = _clients(settings)
        self._turns = cycle(self._clients)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for client in self._clients:
            await client.aclose()

    async def complete(self, prompt: Prompt, max_output_tokens: int) -> Completion:
        """As ``ChatModel.complete``."""
        response, answer = await self._post(prompt, max_output_tokens)
        if not response.is_success:
            raise self._failed(response, answer)
        try:
            return self._dialect.completion(answer)
        except msgspec.DecodeError as error:
            failure = Failure(Category.BAD_ANSWER, reason_of(f"not understood: {error}", self._key), True)
            raise ChatError(failure, may_be_billed=True) from None

    async def _post(self, prompt: Prompt, max_output_tokens: int) -> tuple[httpx.Response, bytes]:
        import httpx

        settings, dialect = self._settings, self._dialect
        body = msgspec.json.encode(dialect.body(settings, prompt, max_output_tokens))
        headers = {"content-type": "application/json", **dialect.headers(self._key)}
        question = next(self._turns).stream("POST", dialect.url(settings), content=body, headers=headers)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S), question as response:
                return response, await _read(response)
        except TimeoutError:
            raise ChatError(_OVERDUE, may_be_billed=True) from None
        except httpx.TransportError as error:
            # ProxyError: of the tunnel, before anything goes through it.
            never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout)
            raise ChatError(classify(error), may_be_billed=not isinstance(error, never_sent)) from None

    def _failed(self, response: httpx.Response, answer: bytes) -> Exception:
        """What a status other than success means. Providers do not count such calls."""
        import httpx

        settings = self._settings
        refused = refusal(response.status_code, response.headers.get("location"), answer, settings, self._key)
        if refused is not None:
            return refused
        said = reason_of(answer.decode("utf-8", "replace"), self._key)
        reason = f"HTTP {response.status_code}: {said}"
        error = httpx.HTTPStatusError(reason, request=response.request, response=response)
        return ChatError(classify(error), may_be_billed=False)


async def _read(response: httpx.Response) -> bytes:
    """All of an answer of sensible size. Raises ChatError."""
    answer = bytearray()
    async for chunk in response.aiter_bytes():
        answer += chunk
        if len(answer) > _MOST_ANSWER_BYTES:
            raise ChatError(_TOO_LARGE, may_be_billed=True)
    return bytes(answer)


def _clients(settings: ModelSettings) -> list[httpx.AsyncClient]:
    try:
        import httpx  # an extra, and 100 ms
    except ImportError as error:
        raise ConfigError(
            "summarize", reason="httpx is not installed", hint="pip install 'remora-hub[enrich]'"
        ) from error

    parts = urlsplit(settings.base_url)
    uses_proxy = parts.scheme == "https" and not proxy_bypass(parts.hostname or "")
    context = ssl.create_default_context()  # of the system, as SSL_CERT_FILE has it
    try:
        return [
            httpx.AsyncClient(
                verify=context,
                proxy=getproxies().get("https") if uses_proxy else None,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
                limits=httpx.Limits(max_keepalive_connections=_CONNECTIONS_PER_CLIENT),
            )
            for _ in range(ceil(settings.max_workers / _CONNECTIONS_PER_CLIENT))
        ]
    # ImportError: of a SOCKS proxy. Their texts hold the proxy's address, and that may hold a password.
    except (ValueError, ImportError, httpx.InvalidURL):
        reason = "HTTPS_PROXY holds no address of a proxy that can be used"
        raise ConfigError("summarize", reason=reason) from None
