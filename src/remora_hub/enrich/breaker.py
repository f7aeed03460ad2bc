"""The circuit breaker: a provider that does not work is left alone, then asked with a single call.

Looked at: purgatory 3. Half open it let 300 of 300 calls through at once instead of one, it reads ``time.time`` (a
test cannot have a minute pass, and a changed clock moves it), and it counts answers to calls that were sent before it
opened. aiobreaker's last release is of 2021. What is left is the state machine below.
"""

from __future__ import annotations

import threading

from remora_hub.logs import get_logger

FAILURES = 10
OPEN_S = 60.0
_PROBE_LOOK_AGAIN_S = 0.25

_log = get_logger(__name__)


class Breaker:
    """Closed until ``failures`` calls in a row failed; open for ``open_s``; then one call decides. For any thread.

    ``trips`` counts how often it opened, ``trips_in_a_row`` those since the last call that succeeded.
    """

    def __init__(self, provider: str, *, failures: int = FAILURES, open_s: float = OPEN_S) -> None:
        self.provider = provider
        self.trips = 0
        self.trips_in_a_row = 0
        self._failures_to_open = failures
        self._open_s = open_s
        self._lock = threading.Lock()
        self._era = (
            0  # grows with every change of state: what was sent in an earlier one says nothing about this
        )
        self._failures = 0
        self._opened_s: float | None = None
        self._is_probing = False

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may be sent, 0 if now."""
        with self._lock:
            if self._opened_s is None:
                return 0.0
            if self._is_probing:
                return _PROBE_LOOK_AGAIN_S
            return max(0.0, self._opened_s + self._open_s - now_s)

    def begin(self, now_s: float) -> int | None:
        """A call is sent: the era to report its outcome with; None if it may not be."""
        with self._lock:
            if self._opened_s is not None:
                if self._is_probing or now_s < self._opened_s + self._open_s:
                    return None
                self._is_probing = True
            return self._era

    def succeeded(self, era: int) -> None:
        """The provider answered."""
        with self._lock:
            if era != self._era:
                return
            self._failures = self.trips_in_a_row = 0
            was_open = self._opened_s is not None
            if was_open:
                self._opened_s, self._is_probing = None, False
                self._era += 1
        if was_open:
            _log.info("enrich.breaker_closed", provider=self.provider)

    def failed(self, era: int, now_s: float, *, is_first: bool = True) -> None:
        """The provider does not work, or cannot take this item: where it is not the item's first call, one cannot tell.

        Such failures come together at the end of a run, when only what failed before is left, and do not count while
        the breaker is closed.
        """
        with self._lock:
            if era != self._era or not (is_first or self._is_probing):
                return
            self._failures += 1
            if self._opened_s is None and self._failures < self._failures_to_open:
                return
            self._opened_s, self._is_probing, self._failures = now_s, False, 0
            self._era += 1
            self.trips += 1
            self.trips_in_a_row += 1
        _log.warning("enrich.breaker_opened", provider=self.provider, seconds=self._open_s)

    def abandoned(self, era: int) -> None:
        """The call said nothing about the provider."""
        with self._lock:
            if era == self._era:
                self._is_probing = False
