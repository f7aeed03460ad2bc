"""What a call has reserved before it is sent, and how far estimates can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt


@dataclass(frozen=True, slots=True)
class Reservation:
    """One request and its tokens, counted from ``sent_s`` on.

    ``reserved`` is the estimate, raised by what estimates fell short of lately; the slots are where both count.
    """

    sent_s: float
    estimated: int
    reserved: int
    request_slot: int
    token_slot: int


class EstimateCorrection:
    """By how much the latest estimates fell short of what was used.

    Calls in flight are counted by their estimate. Where estimates are low, hundreds of them together overrun the
    limit before the first is settled. So what is in flight is reserved at the mean ratio of used to estimated tokens
    plus four standard errors, as deviations cancel out among many, but at no more than twice the mean, or one outlier
    would idle everything else. Never below the estimate itself.
    """

    _REMEMBERED = 128
    _STANDARD_ERRORS = 4.0
    _OUTLIER = 2.0

    def __init__(self) -> None:
        self._learnt = 0
        self._mean = self._variance = 0.0

    def learn(self, estimated: int, used: int) -> None:
        """Take note of one settled call; what was long ago fades."""
        if estimated <= 0:
            return
        ratio = used / estimated
        self._learnt = min(self._learnt + 1, self._REMEMBERED)
        weight = 1 / self._learnt
        deviation = ratio - self._mean
        self._mean += weight * deviation
        self._variance = (1 - weight) * (self._variance + weight * deviation**2)

    def correct(self, estimated: int, in_flight: int) -> int:
        """The tokens to reserve for one more call beside those in flight."""
        likely = self._mean + self._STANDARD_ERRORS * sqrt(self._variance / (in_flight + 1))
        ratio = max(1.0, min(likely, self._OUTLIER * self._mean))
        return max(0, ceil(estimated * ratio))
