"""What has been counted by parts that are there no more, so that no counter of a running hub ever goes back."""

from __future__ import annotations

from collections.abc import Mapping

from remora_hub.metrics.catalogue import Metric, Samples, Value
from remora_hub.metrics.histogram import Distribution

_Found = Value | Mapping[str, Value]


class Totals:
    """Sums of counters and histograms. Gauges are of the moment: they are neither kept nor changed."""

    def __init__(self) -> None:
        self._kept: dict[Metric, _Found] = {}

    def keep(self, samples: Samples) -> None:
        """Add what a part has counted by its end."""
        for metric, found in samples.items():
            if metric.kind != "gauge":
                self._kept[metric] = _sum(self._kept.get(metric), found)

    def added_to(self, samples: Samples) -> dict[Metric, _Found]:
        """What parts that are there have counted, with what was kept."""
        kept = {metric: _sum(found, samples.get(metric)) for metric, found in self._kept.items()}
        return {**samples, **kept}


def _sum(one: _Found | None, other: _Found | None) -> _Found:
    if one is None or other is None:
        found = one if other is None else other
        return 0 if found is None else found
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {label: _plus(one.get(label, 0), other.get(label, 0)) for label in {**one, **other}}
    assert not isinstance(one, Mapping)
    assert not isinstance(other, Mapping)  # a metric has a label, or it has none
    return _plus(one, other)


def _plus(one: Value, other: Value) -> Value:
    if isinstance(one, Distribution) and isinstance(other, Distribution):
        counts = tuple(map(sum, zip(one.counts, other.counts, strict=True)))
        return Distribution(one.bounds, counts, one.total + other.total)
    if isinstance(one, Distribution) or isinstance(other, Distribution):
        return one if isinstance(one, Distribution) else other  # of a label the other had not met
    return one + other
