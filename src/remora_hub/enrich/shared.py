"""What all runs of the process share: a limiter for each name, a circuit breaker for each provider."""

from __future__ import annotations

import threading

from remora_hub.enrich.breaker import Breaker
from remora_hub.enrich.limiter import Limiter
from remora_hub.enrich.providers import Limits

_lock = threading.Lock()
_limiters: dict[str, Limiter] = {}
_breakers: dict[str, Breaker] = {}


def shared_limiter(name: str, limits: Limits, now_s: float) -> Limiter:
    """The limiter of this name; the limits told last hold for all who use it."""
    with _lock:
        limiter = _limiters.get(name)
        if limiter is None:
            limiter = _limiters[name] = Limiter(name, limits, now_s)
        else:
            limiter.adopt(limits, now_s)
        return limiter


def shared_breaker(provider: str) -> Breaker:
    """The circuit breaker of this provider."""
    with _lock:
        return _breakers.setdefault(provider, Breaker(provider))
