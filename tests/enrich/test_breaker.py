from __future__ import annotations

from remora_hub.enrich.breaker import FAILURES, OPEN_S, Breaker


def opened(now_s: float = 0.0) -> Breaker:
    breaker = Breaker("p")
    for _ in range(FAILURES):
        era = breaker.begin(now_s)
        assert era is not None
        breaker.failed(era, now_s)
    return breaker


def test_ten_failures_in_a_row_open_it_for_a_minute() -> None:
    breaker = opened(5.0)
    assert breaker.begin(5.0) is None
    assert breaker.wait_s(5.0) == OPEN_S == 60.0
    assert breaker.wait_s(64.0) == 1.0


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker("p")
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed(0, 0.0)
        breaker.succeeded(0)
    assert breaker.wait_s(0.0) == 0
    assert breaker.trips == 0


def test_items_that_fail_again_do_not_open_it_but_keep_it_open() -> None:
    breaker = Breaker("p")
    for _ in range(100):
        breaker.failed(0, 0.0, is_first=False)
    assert breaker.wait_s(0.0) == 0
    breaker = opened()
    probe = breaker.begin(60.0)
    assert probe is not None
    breaker.failed(probe, 61.0, is_first=False)
    assert breaker.wait_s(61.0) == OPEN_S


def test_half_open_one_call_is_let_through_and_its_success_closes_it() -> None:
    breaker = opened()
    probe = breaker.begin(60.0)
    assert probe is not None
    assert [breaker.begin(60.0) for _ in range(299)] == [None] * 299
    assert breaker.wait_s(60.0) > 0
    breaker.succeeded(probe)
    assert breaker.wait_s(60.0) == 0
    assert breaker.trips_in_a_row == 0


def test_half_open_one_failure_opens_it_again() -> None:
    breaker = opened()
    probe = breaker.begin(60.0)
    assert probe is not None
    breaker.failed(probe, 61.0)
    assert breaker.wait_s(61.0) == OPEN_S
    assert breaker.trips == breaker.trips_in_a_row == 2


def test_a_probe_that_said_nothing_is_followed_by_another() -> None:
    breaker = opened()
    probe = breaker.begin(60.0)
    assert probe is not None
    breaker.abandoned(probe)
    assert breaker.begin(60.0) is not None


def test_outcomes_of_calls_sent_before_it_opened_change_nothing() -> None:
    breaker = Breaker("p")
    early = breaker.begin(0.0)
    assert early is not None
    for _ in range(FAILURES):
        breaker.failed(early, 0.0)
    breaker.succeeded(early)
    breaker.failed(early, 30.0)
    breaker.abandoned(early)
    assert breaker.wait_s(30.0) == 30.0
    assert breaker.trips == 1
