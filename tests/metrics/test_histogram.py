from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from remora_hub.metrics.histogram import Histogram


def test_a_value_counts_for_the_first_bound_it_does_not_exceed() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 3.0):
        histogram.observe(value)
    found = histogram.read()
    assert found.counts == (2, 1, 1)
    assert (found.count, found.total) == (4, 6.0)


def test_values_of_many_threads_are_all_counted() -> None:
    histogram = Histogram((1.0,))

    def observe(_: int) -> None:
        for _ in range(10_000):
            histogram.observe(1.0)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(observe, range(4)))
    assert histogram.read().counts == (40_000, 0)
    assert histogram.read().total == 40_000.0


def test_a_quantile_is_a_bound_that_so_many_values_do_not_exceed() -> None:
    histogram = Histogram((1.0, 2.0, 3.0))
    assert histogram.read().quantile(0.5) == 1.0
    for value in (0.1, 0.2, 1.5, 9.0):
        histogram.observe(value)
    assert histogram.read().quantile(0.5) == 1.0
    assert histogram.read().quantile(0.75) == 2.0
    assert histogram.read().quantile(0.99) == float("inf")
