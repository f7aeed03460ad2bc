"""How long requests take, by method, and how many fail, by kind."""

from __future__ import annotations

from collections import Counter

from remora_hub.metrics.histogram import Histogram


class RequestMeter:
    """``seconds`` has a histogram for each method that was asked for: of those there are, so no client makes it grow.

    ``failures`` counts by kind: ``refused`` (an error of the hub's, on purpose), ``invalid`` (no such method, bad
    parameters, a broken frame), ``crashed`` (a fault of the hub's own), ``turned_away`` (a connection).
    """

    def __init__(self) -> None:
        self.seconds: dict[str, Histogram] = {}
        self.failures: Counter[str] = Counter()

    def took(self, method: str, seconds: float) -> None:
        """Count one request."""
        histogram = self.seconds.get(method)
        if histogram is None:
            histogram = self.seconds[method] = Histogram()
        histogram.observe(seconds)
