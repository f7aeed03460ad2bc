"""Answers after which no call can succeed, and what of an answer may be shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from remora_hub.enrich.failures import RefusedError
from remora_hub.enrich.summarize.settings import ModelSettings
from remora_hub.terminal import printable

_MOST_SHOWN = 300
_MASKED_FROM = 3  # OpenAI shows "sk-proj-****wxyz"
_UNKNOWN_KEY = b"API_KEY_INVALID"  # Google says 400 to that
_NO_CREDIT = b"insufficient_quota"  # OpenAI says 429 to that, as to too many requests


def reason_of(text: str, key: str | None) -> str:
    """What a provider or client said, on one line, short, and without the key: some repeat it, or its ends."""
    if key is not None:
        text = text.replace(key, "[key]")
        text = re.sub(rf"{re.escape(key[:_MASKED_FROM])}[\w.…*-]*\*[\w.…*-]*", "[key]", text)
    text = printable(" ".join(text.split()))
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def refusal(
    status: int, location: str | None, answer: bytes, settings: ModelSettings, key: str | None
) -> RefusedError | None:
    """The error to end a run with; None where the next call may well succeed."""
    said = reason_of(answer.decode("utf-8", "replace"), key)
    # What is said counts with its status alone: an answer may repeat the source that was sent.
    if status in (401, 403) or (status == 400 and _UNKNOWN_KEY in answer):
        names = " or ".join(settings.key_variables)
        reason = f"the key in {names} is not accepted" if names else "it wants a key"
        hint = (
            f"export a valid key as {names}" if names else "name its variable: enrich.summarize.api_key_env"
        )
    elif status == 402 or (status == 429 and _NO_CREDIT in answer):
        reason, hint = "the account has no credit left", "see its billing page"
    elif status in (404, 405):
        reason, hint = "there is no such model or path", "check enrich.summarize.model and base_url"
    elif 300 <= status < 400:
        # Not to be followed: source text goes to the host that was configured.
        reason, hint = f"it redirects to {_host_of(location or '')}", "check enrich.summarize.base_url"
    else:
        return None
    reason = f"{reason} (HTTP {status}: {said})" if said else f"{reason} (HTTP {status})"
    return RefusedError(f"summarize with {settings.model} at", settings.host, reason, hint)


def _host_of(location: str) -> str:
    try:
        return printable(urlsplit(location).netloc) or "another address"
    except ValueError:
        return "what is no address"
