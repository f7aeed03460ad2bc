"""One limit, of requests or of tokens: what fits now, and when the rest does."""

from __future__ import annotations

from remora_hub.enrich.burst import Burst
from remora_hub.enrich.providers import Limits
from remora_hub.enrich.rolling_window import RollingWindow

WINDOW_S = 60.0


class Budget:
    """At most ``per_minute`` in any 60 seconds, wherever they begin; None: any amount.

    A provider may count by the calendar minute, by a token bucket or by a rolling window. The rolling window is the
    strictest of them: who keeps it keeps the others, where the bucket holds a minute's worth; ``Burst`` is for those
    that hold less.
    """

    def __init__(self, per_minute: float | None, limits: Limits, now_s: float) -> None:
        self._window = RollingWindow()
        self._per_minute: float | None = None
        self._burst: Burst | None = None
        self.adopt(per_minute, limits, now_s)

    def adopt(self, per_minute: float | None, limits: Limits, now_s: float) -> None:
        """Keep this limit from now on, with what was spent before."""
        self._per_minute = per_minute
        self._burst = None
        if per_minute is not None:
            self._burst = Burst(
                per_minute / WINDOW_S, burst_s=limits.burst_s, cool_down_s=limits.cool_down_s, now_s=now_s
            )

    def wait_s(self, amount: int, now_s: float, share: float) -> float:
        """Seconds until ``amount`` may be spent, 0 if now, of ``share`` of the limit.

        What is more than the whole limit is let through when nothing else counts: whether it is too much is for the
        provider to say, for an amount is an estimate.
        """
        if self._per_minute is None or self._burst is None:
            return 0.0
        self._window.expire(now_s)
        room = self._per_minute * share - amount
        if self._window.total > max(room, 0.0):
            return max(self._window.falls_to_s(max(room, 0.0)) - now_s, 0.001)
        return self._burst.wait_s(amount, now_s, share)

    def spend(self, amount: int, until_s: float) -> int:
        """Count ``amount`` until ``until_s``; the slot that ``correct`` needs."""
        if self._burst is not None:
            self._burst.spend(amount)
        return self._window.add(amount, until_s)

    def correct(self, spent: int, slot: int, actual: int, until_s: float, now_s: float) -> None:
        """Count ``actual`` until ``until_s`` in place of what was spent, unless that counts no more."""
        self._window.expire(now_s)
        if not self._window.take_back(spent, slot):
            return
        if until_s > now_s:
            self._window.add(actual, until_s)
        if self._burst is not None:
            self._burst.spend(actual - spent)

    def left(self, now_s: float, share: float) -> float | None:
        """What of the minute is left; None: no limit."""
        if self._per_minute is None:
            return None
        self._window.expire(now_s)
        return max(0.0, self._per_minute * share - self._window.total)
