"""What a call can end with other than an answer, by category; how a call says so; how it stands in the results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from remora_hub.errors import ConfigError, HubError


class Category(StrEnum):
    """Why an item has no result."""

    RATE_LIMIT = "rate limit"
    TIME_OUT = "time-out"
    PROVIDER = "provider"
    BAD_ANSWER = "bad answer"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """One call that failed. ``retry_after_s`` is the provider's word on when to come back.

    ``is_providers_fault`` tells a provider that does not work from one that works and refuses this very item: the
    former opens the circuit breaker and takes concurrency back, the latter does neither.
    """

    category: Category
    reason: str
    is_worth_retrying: bool
    is_providers_fault: bool = False
    retry_after_s: float | None = None


class CallError(HubError):
    """Base of what a ``process`` function may raise to say itself how a call failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__("call the model", reason=failure.reason)
        self.failure = failure
        self.recoverable = failure.is_worth_retrying


class RateLimitedError(CallError):
    """The provider refused for too many requests or tokens (HTTP 429)."""

    def __init__(self, reason: str = "too many requests", *, retry_after_s: float | None = None) -> None:
        super().__init__(Failure(Category.RATE_LIMIT, reason, True, retry_after_s=retry_after_s))


class CallTimeoutError(CallError):
    """No answer came in time."""

    def __init__(self, reason: str = "no answer in time") -> None:
        super().__init__(Failure(Category.TIME_OUT, reason, True, is_providers_fault=True))


class ProviderError(CallError):
    """The provider does not work: unreachable, overloaded, broken, or it does not know the key."""

    def __init__(self, reason: str, *, is_worth_retrying: bool = True) -> None:
        super().__init__(Failure(Category.PROVIDER, reason, is_worth_retrying, is_providers_fault=True))


class BadAnswerError(CallError):
    """An answer came that cannot be used; asked again, a model may give a better one."""

    def __init__(self, reason: str, *, is_worth_retrying: bool = True) -> None:
        super().__init__(Failure(Category.BAD_ANSWER, reason, is_worth_retrying))


class ItemError(HubError):
    """Stands in the results in the place of an item that failed; it is not raised.

    ``index`` is the item's place in the input, ``attempts`` how many calls were made for it.
    """

    def __init__(self, index: int, category: Category, reason: str, attempts: int) -> None:
        super().__init__("process item", str(index), f"{category.value}: {reason}")
        self.index = index
        self.category = category
        self.attempts = attempts
        self.recoverable = category is not Category.BAD_ANSWER


class RefusedError(ConfigError):
    """No call can succeed as it is configured: the key, the model or the endpoint is wrong."""
