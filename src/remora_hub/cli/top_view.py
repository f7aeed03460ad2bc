"""What ``remora-hub top`` shows of two answers of ``hub/metrics``, as rows of a name and a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from remora_hub.metrics.histogram import Distribution

Row = tuple[str, str]

_MOST_METHODS = 6


class Snapshot(msgspec.Struct, frozen=True):
    """``status`` and ``metrics`` as the hub answers them; ``at_s`` is when, by the monotonic clock."""

    status: Mapping[str, Any]
    metrics: Mapping[str, Any]
    at_s: float


def rows(now: Snapshot, before: Snapshot | None = None) -> list[Row]:
    """What is going on. Rates and times are of the time since ``before``, or without one since the start."""
    return list(_View(now, before).rows())


class _View:
    def __init__(self, now: Snapshot, before: Snapshot | None) -> None:
        self._status = now.status
        self._now = now.metrics
        self._before = before.metrics if before else {}
        elapsed_s = now.at_s - before.at_s if before else float(now.status["uptime_s"])
        self._elapsed_s = max(elapsed_s, 0.001)

    def rows(self) -> Iterator[Row]:
        status = self._status
        yield "hub", f"{status['state']}: {status['root']} (process {status['pid']}, {status['version']})"
        for problem in status.get("problems", ()):
            yield "problem", f"{problem['part']}: {problem['problem']}; {problem['remedy']}"
        yield "up", f"{_duration(float(status['uptime_s']))}, {self._number('clients')} clients"
        if "files" in self._now:
            yield from (*self._changes(), *self._work(), *self._surroundings())
        yield from self._requests()
        errors = {name: count for name, count in self._now["errors"].items() if count}
        yield "errors", ", ".join(f"{name} {count}" for name, count in errors.items()) or "none"
        memory = self._now["memory_pss_bytes"]
        yield "memory", ", ".join(f"{name} {_bytes(size)}" for name, size in memory.items())

    def _changes(self) -> Iterator[Row]:
        now = self._now
        omitted = [f"{count} {name}" for name, count in now["files"].items() if name != "indexed"]
        files = ", ".join([f"{now['files'].get('indexed', 0)} files", *omitted])
        yield "index", f"{files}; {self._number('nodes')} nodes; sequence {self._number('sequence')}"
        yield "lag", f"{now['lag_seconds']:.1f} s, {self._number('pending_files')} files pending"
        depth, most = self._number("queue_depth"), self._number("queue_high_water")
        others = f"{self._number('queue_in_work')} in work, {self._number('queue_suspects')} suspects"
        yield "queue", f"{depth} waiting (at most {most}), {others}; wait {self._times('queue_wait_seconds')}"

    def _work(self) -> Iterator[Row]:
        used = self._rate("worker_busy_seconds") / max(1, self._now["workers"])
        busy = f"{self._number('workers_busy')} of {self._number('workers')} busy, {used:.0%} used"
        rate, discarded = self._rate("files_processed"), self._number("results_discarded")
        files = f"{self._number('files_processed')} files, {rate:.1f}/s, {discarded} discarded"
        yield "workers", f"{busy}; {files}"
        lanes = f"{self._number('lanes_busy')} of {self._number('lanes')} lanes busy"
        yield "parsing", f"{lanes}; {self._times('parse_seconds')}"
        yield "commits", self._times("commit_seconds")

    def _surroundings(self) -> Iterator[Row]:
        now = self._now
        state = " ".join(name for name, is_it in now["watch_state"].items() if is_it)
        events = f"{self._number('watch_directories')} directories, {self._rate('watch_events'):.1f} events/s"
        rescans = ", ".join(f"{count} {reason}" for reason, count in now["rescans"].items())
        yield "watch", f"{state}, {events}; rescans: {rescans or 'none'}"
        sizes = ", ".join(f"{name} {_bytes(size)}" for name, size in now["store_bytes"].items())
        yield "store", f"{sizes}; {self._number('subscribers')} subscribers"

    def _requests(self) -> Iterator[Row]:
        """The methods that took most time."""
        earlier = self._before.get("request_seconds", {})
        recent = {
            method: _recent(found, earlier.get(method))
            for method, found in self._now["request_seconds"].items()
        }
        rate = sum(found.count for found in recent.values()) / self._elapsed_s
        yield "requests", f"{rate:.1f}/s"
        busiest = sorted(recent, key=lambda method: recent[method].total, reverse=True)
        for method in busiest[:_MOST_METHODS]:
            if recent[method].count:
                yield "", f"{method}: {self._spread(recent[method])}"

    def _number(self, name: str) -> str:
        return f"{self._now[name]:g}" if self._now[name] < 1_000_000 else f"{self._now[name]:.0f}"

    def _rate(self, name: str) -> float:
        grown = self._now[name] - self._before.get(name, 0)
        return float(max(0, grown)) / self._elapsed_s

    def _times(self, name: str) -> str:
        recent = _recent(self._now[name], self._before.get(name))
        return self._spread(recent) if recent.count else f"none, of {_whole(self._now[name]).count} so far"

    def _spread(self, found: Distribution) -> str:
        half, most = (_bound(found.quantile(share)) for share in (0.5, 0.95))
        return f"{found.count / self._elapsed_s:.1f}/s, half {half}, 95 % {most}"


def _recent(found: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> Distribution:
    """What came since ``earlier``; all of it where the count began anew."""
    now = _whole(found)
    before = _whole(earlier) if earlier else None
    if before is None or before.count > now.count:
        return now
    counts = tuple(count - other for count, other in zip(now.counts, before.counts, strict=True))
    return Distribution(now.bounds, counts, now.total - before.total)


def _whole(found: Mapping[str, Any]) -> Distribution:
    return Distribution(tuple(found["bounds"]), tuple(found["counts"]), found["total"])


def _bound(seconds: float) -> str:
    if seconds == float("inf"):
        return "over 10 s"
    return f"under {seconds * 1000:g} ms" if seconds < 1 else f"under {seconds:g} s"


def _bytes(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
