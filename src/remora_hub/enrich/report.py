"""What a run did, at its end: as a value, as JSON and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import msgspec


@dataclass(frozen=True, slots=True)
class Durations:
    """Of the calls that succeeded, per item, in seconds; percentiles by nearest rank. Zeros where there were none."""

    min_s: float = 0.0
    mean_s: float = 0.0
    p50_s: float = 0.0
    p95_s: float = 0.0
    max_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """What one provider was asked for; ``tokens`` as it counted them, or as estimated where it did not say."""

    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Report:
    """``total`` is ``done`` + ``failed`` + ``done_before`` + ``skipped``; ``done`` counts cache hits, too.

    ``speedup`` is the time of all calls over the time the run took. ``limit_waits`` are the times that the next call
    had to wait for the limiter, ``breaker_waits`` for the circuit breaker.
    """

    name: str
    seconds: float
    total: int
    done: int
    failed: int
    done_before: int
    skipped: int
    cache_hits: int
    retries: int
    time_per_item: Durations
    speedup: float
    providers: dict[str, ProviderUse]
    errors: dict[str, int]
    limit_waits: int
    limit_wait_s: float
    breaker_waits: int
    breaker_trips: int
    concurrency_reached: int

    def to_json(self) -> str:
        """One JSON object."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The inverse of ``to_json``. Raises msgspec.ValidationError."""
        return msgspec.json.decode(text, type=cls)

    def to_text(self) -> str:
        """A few aligned lines for people."""
        items = f"{self.total} items: {self.done} done, {self.failed} failed"
        if self.done_before or self.skipped:
            items += f", {self.done_before} done before, {self.skipped} skipped"
        per = self.time_per_item
        times = f"min {per.min_s:.3f}, mean {per.mean_s:.3f}, p50 {per.p50_s:.3f}, p95 {per.p95_s:.3f}, "
        times += f"max {per.max_s:.3f} s"
        lines = [
            ("run", f"{self.name}, {self.seconds:.1f} s"),
            ("items", items),
            ("time per item", times),
            ("speed-up", f"{self.speedup:.1f} times one at a time, up to {self.concurrency_reached} at once"),
            *(
                (provider, f"{use.requests} requests, {use.tokens} tokens")
                for provider, use in self.providers.items()
            ),
            ("cache", f"{self.cache_hits} hits"),
            ("retries", str(self.retries)),
            ("errors", ", ".join(f"{count} {category}" for category, count in self.errors.items()) or "none"),
            ("limits", f"{self.limit_waits} waits, {self.limit_wait_s:.1f} s"),
            ("circuit breaker", f"{self.breaker_trips} trips, {self.breaker_waits} waits"),
        ]
        return "\n".join(f"{what:<16}{value}" for what, value in lines)


def durations(seconds: Sequence[float]) -> Durations:
    """The statistics of ``seconds``."""
    if not seconds:
        return Durations()
    ordered = sorted(seconds)
    return Durations(
        min_s=ordered[0],
        mean_s=sum(ordered) / len(ordered),
        p50_s=_percentile(ordered, 0.50),
        p95_s=_percentile(ordered, 0.95),
        max_s=ordered[-1],
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
