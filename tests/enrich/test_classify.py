"""Errors as the usual clients raise them, told by what they look like."""

from __future__ import annotations

import json
import urllib.error
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from remora_hub.enrich import BadAnswerError, CallTimeoutError, Category, ProviderError, RateLimitedError
from remora_hub.enrich.classify import classify, parse_retry_after


class StatusError(Exception):
    """As httpx.HTTPStatusError and openai.APIStatusError: a response with a status and headers."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.response = SimpleNamespace(status_code=status, headers=headers or {})


class ReadTimeout(Exception):  # noqa: N818  # httpx' name
    pass


class TransportError(Exception):  # httpx.RequestError derives from Exception
    pass


class ConnectError(TransportError):
    pass


def http_error(status: int) -> urllib.error.HTTPError:
    headers = Message()
    headers["Retry-After"] = "3"
    return urllib.error.HTTPError("http://localhost", status, "why", headers, None)


@pytest.mark.parametrize(
    ("error", "category", "is_worth_retrying", "is_providers_fault"),
    [
        (RateLimitedError(), Category.RATE_LIMIT, True, False),
        (CallTimeoutError(), Category.TIME_OUT, True, True),
        (ProviderError("down"), Category.PROVIDER, True, True),
        (BadAnswerError("no JSON"), Category.BAD_ANSWER, True, False),
        (StatusError(429), Category.RATE_LIMIT, True, False),
        (StatusError(500), Category.PROVIDER, True, True),
        (StatusError(529), Category.PROVIDER, True, True),
        (StatusError(504), Category.TIME_OUT, True, True),
        (StatusError(401), Category.PROVIDER, False, True),
        (StatusError(400), Category.PROVIDER, False, False),
        (http_error(429), Category.RATE_LIMIT, True, False),
        (TimeoutError(), Category.TIME_OUT, True, True),
        (ReadTimeout(), Category.TIME_OUT, True, True),
        (ConnectError(), Category.PROVIDER, True, True),
        (ConnectionResetError(), Category.PROVIDER, True, True),
        (json.JSONDecodeError("x", "y", 0), Category.BAD_ANSWER, False, False),
        (KeyError("choices"), Category.BAD_ANSWER, False, False),
        (RuntimeError("what"), Category.BAD_ANSWER, False, False),
    ],
)
def test_an_error_has_a_category(
    error: Exception, category: Category, is_worth_retrying: bool, is_providers_fault: bool
) -> None:
    failure = classify(error)
    assert failure.category is category
    assert failure.is_worth_retrying is is_worth_retrying
    assert failure.is_providers_fault is is_providers_fault


def test_retry_after_is_read_from_the_headers() -> None:
    assert classify(StatusError(429, {"retry-after": "12"})).retry_after_s == 12
    assert classify(StatusError(429, {"retry-after-ms": "250", "retry-after": "1"})).retry_after_s == 0.25
    assert classify(http_error(503)).retry_after_s == 3
    assert classify(StatusError(429)).retry_after_s is None


def test_retry_after_is_seconds_or_a_date() -> None:
    assert parse_retry_after("1.5") == 1.5
    seconds = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert seconds is not None
    assert 0 < seconds <= 100
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert parse_retry_after("soon") is None
    assert parse_retry_after("-1") is None
    assert parse_retry_after("nan") is None
