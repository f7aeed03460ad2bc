"""The counts of a run while it is under way: progress is a view of them, the report their sum."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from dataclasses import dataclass

from remora_hub.enrich.failures import Category
from remora_hub.enrich.report import ProviderUse, Report, durations

_RATE_OVER_S = 10.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. ``done`` includes what the cache had; what was done before or skipped is not in ``total``.

    ``rate_per_s`` is over the latest ten seconds; ``eta_s`` None while nothing is known. ``waits_for`` says what keeps
    the next call from being made: "limits", "provider", "pause", "budget", or nothing.
    """

    name: str
    total: int
    done: int
    failed: int
    running: int
    concurrency: int
    rate_per_s: float
    tokens: int
    requests: int
    eta_s: float | None
    waits_for: str


class Tally:
    """Counts. All times are the run's clock's, in seconds."""

    def __init__(self, name: str, provider: str, total: int, now_s: float) -> None:
        self.total = total
        self.done = self.failed = self.done_before = self.skipped = self.cache_hits = 0
        self.retries = self.requests = self.tokens = 0
        self.running = self.concurrency = self.concurrency_reached = 0
        self.breaker_waits = 0
        self.waits_for = ""
        self._name = name
        self._provider = provider
        self._began_s = now_s
        self._errors: Counter[Category] = Counter()
        self._item_s = array("d")
        self._calls_s = 0.0
        self._limit_waits = 0
        self._limit_wait_s = 0.0
        self._limited_since_s: float | None = None
        self._history: deque[tuple[float, int]] = deque([(now_s, 0)])  # at most one a second

    def call_began(self) -> None:
        """A call is in flight."""
        self.running += 1
        self.requests += 1
        self.concurrency_reached = max(self.concurrency_reached, self.running)

    def call_ended(self, seconds: float, tokens: int) -> None:
        """It is over, one way or the other."""
        self.running -= 1
        self.tokens += tokens
        self._calls_s += seconds

    def item_done(self, now_s: float, seconds: float | None = None) -> None:
        """An item has its result, from a call that took so long for it; None: from the cache."""
        self.done += 1
        if seconds is None:
            self.cache_hits += 1
        else:
            self._item_s.append(seconds)
        if now_s - self._history[-1][0] >= 1.0:
            self._history.append((now_s, self.done))
            while now_s - self._history[0][0] > _RATE_OVER_S and len(self._history) > 2:
                self._history.popleft()

    def item_failed(self, category: Category) -> None:
        """An item ends with an error."""
        self.failed += 1
        self._errors[category] += 1

    def limited(self, now_s: float) -> None:
        """The next call has to wait for the limiter."""
        if self._limited_since_s is None:
            self._limited_since_s = now_s
            self._limit_waits += 1

    def not_limited(self, now_s: float) -> None:
        """It need not any more."""
        if self._limited_since_s is not None:
            self._limit_wait_s += now_s - self._limited_since_s
            self._limited_since_s = None

    def progress(self, now_s: float) -> Progress:
        """How far it is."""
        to_do = self.total - self.done_before - self.skipped
        since_s, done_then = self._history[0]
        rate_per_s = (self.done - done_then) / max(now_s - since_s, 1e-9)
        left = to_do - self.done - self.failed
        return Progress(
            name=self._name,
            total=to_do,
            done=self.done,
            failed=self.failed,
            running=self.running,
            concurrency=self.concurrency,
            rate_per_s=rate_per_s,
            tokens=self.tokens,
            requests=self.requests,
            eta_s=left / rate_per_s if rate_per_s > 0 else None,
            waits_for=self.waits_for,
        )

    def report(self, now_s: float, breaker_trips: int) -> Report:
        """What it did."""
        self.not_limited(now_s)
        seconds = now_s - self._began_s
        return Report(
            name=self._name,
            seconds=seconds,
            total=self.total,
            done=self.done,
            failed=self.failed,
            done_before=self.done_before,
            skipped=self.skipped,
            cache_hits=self.cache_hits,
            retries=self.retries,
            time_per_item=durations(self._item_s),
            speedup=self._calls_s / seconds if seconds > 0 else 0.0,
            providers={self._provider: ProviderUse(self.requests, self.tokens)},
            errors={category.value: count for category, count in self._errors.items()},
            limit_waits=self._limit_waits,
            limit_wait_s=self._limit_wait_s,
            breaker_waits=self.breaker_waits,
            breaker_trips=breaker_trips,
            concurrency_reached=self.concurrency_reached,
        )
