"""How fast a budget may be spent within its minute: bursts of a bounded size, and a pause behind each."""

from __future__ import annotations

_ROUNDING = 1e-9


class Burst:
    """A token bucket. It begins full; what costs more than it holds is let through when it is full, and owed."""

    def __init__(self, rate_per_s: float, *, burst_s: float, cool_down_s: float, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        # What flows in during a cool-down must find room, or the pauses would cost throughput.
        self._capacity = max(rate_per_s * max(burst_s, 2 * cool_down_s), 1.0)
        self._cool_down_s = cool_down_s
        self._level = self._capacity
        self._filled_s = now_s
        self._cooling_until_s = now_s

    def wait_s(self, cost: float, now_s: float, share: float) -> float:
        """Seconds until ``cost`` may be spent, 0 if now. ``share`` of the rate flows in. Begins the pause."""
        self._refill(now_s, share)
        if now_s < self._cooling_until_s:
            return self._cooling_until_s - now_s
        missing = min(cost, self._capacity) - self._level
        if missing <= _ROUNDING:
            return 0.0
        rate_per_s = self._rate_per_s * share
        full_s = (self._capacity - self._level) / rate_per_s  # to wait longer would waste what flows in
        pause_s = min(self._cool_down_s, full_s)
        self._cooling_until_s = now_s + pause_s
        return max(pause_s, missing / rate_per_s)

    def spend(self, cost: float) -> None:
        """Take ``cost`` out; below 0 it gives back."""
        self._level = min(self._capacity, self._level - cost)

    def _refill(self, now_s: float, share: float) -> None:
        flowed_in = (now_s - self._filled_s) * self._rate_per_s * share
        self._level = min(self._capacity, self._level + flowed_in)
        self._filled_s = now_s
