"""What an exception that came out of a call means: its category, and whether to call again.

Clients raise errors of their own (httpx, openai, anthropic, aiohttp, urllib), none of which is imported here. They are
told by what they have in common: an HTTP status, headers, and the names of their classes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from remora_hub.enrich.failures import CallError, Category, Failure

# httpx, openai and anthropic, aiohttp, http.client: they derive from Exception, not from OSError.
_TRANSPORT_ERRORS = {"TransportError", "APIConnectionError", "ClientConnectionError", "HTTPException"}
_ITEMS_FAULT = {400, 413, 422}  # bad request, too large, cannot be processed: another item may well do
_OVERLOADED = 529  # Anthropic's own


def classify(error: Exception) -> Failure:
    """The failure that ``error`` stands for. What is not known to be the provider's is a bad answer: called again,
    the code that could make nothing of it would fail again."""
    if isinstance(error, CallError):
        return error.failure
    reason = str(error) or type(error).__name__
    status = _status(error)
    if status is not None:
        return _of_status(status, reason, _retry_after_s(error))
    names = {base.__name__ for base in type(error).__mro__}
    if isinstance(error, TimeoutError) or any(name.endswith(("Timeout", "TimeoutError")) for name in names):
        return Failure(Category.TIME_OUT, reason, True, is_providers_fault=True)
    if isinstance(error, OSError) or names & _TRANSPORT_ERRORS:
        return Failure(Category.PROVIDER, reason, True, is_providers_fault=True)
    return Failure(Category.BAD_ANSWER, f"{type(error).__name__}: {error}", False)


def _of_status(status: int, reason: str, retry_after_s: float | None) -> Failure:
    if status == 429:
        return Failure(Category.RATE_LIMIT, reason, True, retry_after_s=retry_after_s)
    if status in (408, 504):
        return Failure(Category.TIME_OUT, reason, True, is_providers_fault=True, retry_after_s=retry_after_s)
    if status in _ITEMS_FAULT:
        return Failure(Category.PROVIDER, reason, False)
    is_passing = status >= 500 or status in (409, 425, _OVERLOADED)
    return Failure(
        Category.PROVIDER, reason, is_passing, is_providers_fault=True, retry_after_s=retry_after_s
    )


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    for holder in (error, response):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and 400 <= value < 600:
                return value
    return None


def _retry_after_s(error: Exception) -> float | None:
    """From the headers: milliseconds (OpenAI), else RFC 9110, section 10.2.3: seconds or a date."""
    for holder in (getattr(error, "response", None), error):
        get = getattr(getattr(holder, "headers", None), "get", None)
        if get is not None:
            exact, rounded = get("retry-after-ms"), get("retry-after")
            if exact is not None and (milliseconds := _number(exact)) is not None:
                return milliseconds / 1000
            if rounded is not None:
                return parse_retry_after(str(rounded))
    return None


def parse_retry_after(text: str) -> float | None:
    """Seconds from now that a ``Retry-After`` means; None if it means nothing."""
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _number(text: object) -> float | None:
    try:
        number = float(str(text))
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
