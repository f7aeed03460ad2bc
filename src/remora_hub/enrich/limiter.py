"""Requests and tokens per minute: reserved before a call, settled after it, shared by all who use one name.

Looked at: aiolimiter 1.3, a leaky bucket. "60 a minute" let 119 through in one rolling minute, it takes nothing back
(a reservation cannot be settled), and belongs to one event loop, where this is shared by runs in several threads.
pyrate-limiter keeps a window, settles nothing either, and takes 657 ms to import. So it is own code.

Why no provider can count too much in any minute: it counts a request some time between ``sent_s`` and the answer, and
at the latest ``arrival_slack_s`` after it was sent. Here the request counts from ``sent_s`` until 60 s after whichever
of the two comes first. So what falls into one minute there was in the window here when the last of it was sent, and
fitted. The slack costs throughput: 60 of 63 s are used where calls take 3 s or more, nearly all where they are shorter.
It grows while this process lags (seen: requests that a starved machine sent a third of a second late).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from math import inf

from remora_hub.enrich.budget import WINDOW_S, Budget
from remora_hub.enrich.providers import Limits
from remora_hub.enrich.reservation import EstimateCorrection, Reservation
from remora_hub.logs import get_logger

LOOK_AGAIN_S = 0.1  # what others settle makes room earlier than was foreseen
_OVERDUE_S = 1.0  # who has waited longer comes before all others
_LOWEST_SHARE = 1 / 16
_RECOVERY_PER_S = 0.01  # from half the rate to all of it in 50 s
_LAGS = (
    4  # what is sent passes through so many waits for a processor, here and at a provider on the same machine
)
_LAG_FORGOTTEN_S = 120.0
_PAUSE_S = 1.0  # after a refusal that does not say how long

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """What of this minute is left; None: no limit."""

    requests: float | None
    tokens: float | None


class Limiter:
    """Safe to use from any thread. It never waits itself: it says how long to."""

    def __init__(self, name: str, limits: Limits, now_s: float) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._correction = EstimateCorrection()
        self._share = 1.0
        self._lowered_s = -inf
        self._closed_until_s = -inf
        self._in_flight = 0
        self._lag_s = 0.0
        self._lagged_s = now_s
        self._line: dict[object, tuple[float, float]] = {}  # who waits: since when, and when they last asked
        self._limits = limits
        self._requests = Budget(limits.requests_per_minute, limits, now_s)
        self._tokens = Budget(limits.tokens_per_minute, limits, now_s)

    def adopt(self, limits: Limits, now_s: float) -> None:
        """Keep ``limits`` from now on. What was spent in the last minute stays spent."""
        with self._lock:
            if limits != self._limits:
                self._limits = limits
                self._requests.adopt(limits.requests_per_minute, limits, now_s)
                self._tokens.adopt(limits.tokens_per_minute, limits, now_s)

    def reserve(self, tokens: int, now_s: float, who: object) -> Reservation | float:
        """A reservation of one request and ``tokens``, or the seconds after which to ask again.

        ``who`` tells those who wait from each other, so that none with large requests is overtaken for ever.
        """
        with self._lock:
            wait_s = self._wait_s(tokens, now_s, who)
            if wait_s > 0:
                since_s, _ = self._line.get(who, (now_s, now_s))
                self._line[who] = since_s, now_s
                return wait_s
            self._line.pop(who, None)
            reserved = self._correction.correct(tokens, self._in_flight)
            self._in_flight += 1
            until_s = now_s + self._slack_s(now_s) + WINDOW_S
            return Reservation(
                sent_s=now_s,
                estimated=tokens,
                reserved=reserved,
                request_slot=self._requests.spend(1, until_s),
                token_slot=self._tokens.spend(reserved, until_s),
            )

    def settle(self, reservation: Reservation, used_tokens: int | None, now_s: float) -> None:
        """The call is over and used so many tokens; None: unknown, the estimate stands."""
        with self._lock:
            self._in_flight -= 1
            if used_tokens is not None:
                self._correction.learn(reservation.estimated, used_tokens)
            used = reservation.estimated if used_tokens is None else used_tokens
            counted_s = min(now_s, reservation.sent_s + self._slack_s(now_s))
            until_s = counted_s + WINDOW_S
            self._requests.correct(1, reservation.request_slot, 1, until_s, now_s)
            self._tokens.correct(reservation.reserved, reservation.token_slot, used, until_s, now_s)

    def give_back(self, reservation: Reservation, now_s: float) -> None:
        """The call was not made."""
        with self._lock:
            self._in_flight -= 1
            self._requests.correct(1, reservation.request_slot, 0, now_s, now_s)
            self._tokens.correct(reservation.reserved, reservation.token_slot, 0, now_s, now_s)

    def lower(self, reservation: Reservation, retry_after_s: float | None, now_s: float) -> None:
        """The provider refused this call for its rate: send nothing for a while, and then at half the rate.

        The rate comes back slowly. Of many calls refused at once only one halves it: the others were sent before.
        """
        with self._lock:
            pause_s = _PAUSE_S if retry_after_s is None else retry_after_s
            self._closed_until_s = max(self._closed_until_s, now_s + pause_s)
            if reservation.sent_s <= self._lowered_s:
                return
            self._share = max(_LOWEST_SHARE, self._current_share(now_s) / 2)
            self._lowered_s = now_s
            share = self._share
        _log.warning(
            "enrich.rate_lowered", limiter=self.name, share=round(share, 3), seconds=round(pause_s, 1)
        )

    def lagged(self, seconds: float, now_s: float) -> None:
        """The process came so much later to something than it wanted to."""
        with self._lock:
            if seconds >= self._current_lag_s(now_s):
                self._lag_s, self._lagged_s = seconds, now_s

    def left(self, now_s: float) -> Left:
        """What may still be spent in this minute."""
        with self._lock:
            share = self._current_share(now_s)
            return Left(self._requests.left(now_s, share), self._tokens.left(now_s, share))

    def _wait_s(self, tokens: int, now_s: float, who: object) -> float:
        if now_s < self._closed_until_s:
            return self._closed_until_s - now_s
        if self._is_overtaken(now_s, who):
            return LOOK_AGAIN_S
        share = self._current_share(now_s)
        reserved = self._correction.correct(tokens, self._in_flight)
        return max(
            self._requests.wait_s(1, now_s, share),
            self._tokens.wait_s(reserved, now_s, share),
        )

    def _is_overtaken(self, now_s: float, who: object) -> bool:
        """Whether somebody else has waited so long that it is their turn. Who asks no more has gone away."""
        for other, (_, asked_s) in list(self._line.items()):
            if now_s - asked_s > 2 * _OVERDUE_S:
                del self._line[other]
        if not self._line:
            return False
        first, (since_s, _) = min(self._line.items(), key=lambda waiting: waiting[1][0])
        return first is not who and now_s - since_s > _OVERDUE_S

    def _slack_s(self, now_s: float) -> float:
        return self._limits.arrival_slack_s + _LAGS * self._current_lag_s(now_s)

    def _current_lag_s(self, now_s: float) -> float:
        return self._lag_s * max(0.0, 1 - (now_s - self._lagged_s) / _LAG_FORGOTTEN_S)

    def _current_share(self, now_s: float) -> float:
        if self._share >= 1.0:
            return 1.0
        return min(1.0, self._share + _RECOVERY_PER_S * max(0.0, now_s - self._lowered_s))
