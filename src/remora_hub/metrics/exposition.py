"""Samples as Prometheus' text. Importing this imports prometheus-client (60 ms): only where the text is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from remora_hub.metrics.catalogue import Metric, Samples, Value
from remora_hub.metrics.histogram import Distribution

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # what generate_latest writes

_PREFIX = "remora_hub_"


def prometheus_text(samples: Samples) -> str:
    """The samples in Prometheus' text format 0.0.4, by a registry that holds nothing else."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(samples))
    return generate_latest(registry).decode()


class _Samples(Collector):
    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Family]:
        for metric, found in self._samples.items():
            yield _family(metric, found if isinstance(found, Mapping) else {"": found})


def _family(metric: Metric, values: Mapping[str, Value]) -> Family:
    name, labels = _PREFIX + metric.name, [metric.label] if metric.label else []
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(name, metric.help, labels=labels)
        for label, value in values.items():
            if isinstance(value, Distribution):
                histogram.add_metric(_encodable(labels, label), list(_buckets(value)), value.total)
        return histogram
    family = (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
        name, metric.help, labels=labels
    )
    for label, value in values.items():
        if not isinstance(value, Distribution):
            family.add_metric(_encodable(labels, label), value)
    return family


def _buckets(found: Distribution) -> Iterator[tuple[str, float]]:
    """Prometheus counts what is up to each bound, not what is between two."""
    seen = 0
    for bound, count in zip((*map(str, found.bounds), "+Inf"), found.counts, strict=True):
        seen += count
        yield bound, seen


def _encodable(labels: Sequence[str], value: str) -> list[str]:
    """A label's value is text in UTF-8; one that is none has its bytes escaped."""
    return [value.encode("utf-8", "backslashreplace").decode()] if labels else []
