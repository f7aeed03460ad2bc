from __future__ import annotations

import json

from remora_hub.enrich import Category, Report
from remora_hub.enrich.report import durations
from remora_hub.enrich.tally import Tally


def a_report() -> Report:
    tally = Tally("summaries", "openai", 103, 0.0)
    for number in range(100):
        tally.call_began()
        tally.call_ended(2.0, 50)
        tally.item_done(float(number) / 10, 2.0)
    tally.item_done(10.0, None)
    tally.item_failed(Category.TIME_OUT)
    tally.skipped += 1
    tally.limited(5.0)
    tally.limited(6.0)
    tally.not_limited(8.0)
    return tally.report(10.0, breaker_trips=2)


def test_it_sums_the_run_up() -> None:
    report = a_report()
    assert (report.total, report.done, report.failed, report.skipped, report.cache_hits) == (
        103,
        101,
        1,
        1,
        1,
    )
    assert report.speedup == 20.0
    assert report.providers["openai"].requests == 100
    assert report.providers["openai"].tokens == 5000
    assert report.errors == {"time-out": 1}
    assert (report.limit_waits, report.limit_wait_s) == (1, 3.0)
    assert report.breaker_trips == 2


def test_percentiles_are_by_nearest_rank() -> None:
    statistics = durations([float(number) for number in range(1, 101)])
    assert (statistics.min_s, statistics.p50_s, statistics.p95_s, statistics.max_s) == (1, 50, 95, 100)
    assert statistics.mean_s == 50.5
    assert durations([]).max_s == 0


def test_as_json_it_can_be_read_back() -> None:
    report = a_report()
    assert Report.from_json(report.to_json()) == report
    assert json.loads(report.to_json())["providers"]["openai"] == {"requests": 100, "tokens": 5000}


def test_as_text_it_names_everything() -> None:
    text = a_report().to_text()
    for said in (
        "103 items: 101 done, 1 failed",
        "p95 2.000",
        "20.0 times one at a time",
        "openai",
        "100 requests, 5000 tokens",
        "1 hits",
        "1 time-out",
        "1 waits, 3.0 s",
        "2 trips",
    ):
        assert said in text
