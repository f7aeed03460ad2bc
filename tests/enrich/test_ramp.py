from __future__ import annotations

from remora_hub.enrich.ramp import Ramp, ladder


def risen(max_workers: int) -> tuple[Ramp, float]:
    """A ramp at its top, and the time."""
    ramp = Ramp(max_workers, is_concurrent=True, now_s=0.0)
    now_s = 0.0
    while ramp.limit < max_workers:
        now_s += 0.06
        ramp.succeeded(now_s, now_s)
        ramp.consider(ramp.limit, now_s)
    return ramp, now_s


def test_the_steps() -> None:
    assert ladder(300) == (5, 10, 25, 50, 100, 250, 300)
    assert ladder(1000) == (5, 10, 25, 50, 100, 250, 500, 1000)
    assert ladder(7) == (5, 7)
    assert ladder(5) == (5,)
    assert ladder(2) == (2,)


def test_it_rises_while_it_goes_well() -> None:
    ramp = Ramp(300, is_concurrent=True, now_s=0.0)
    limits = [ramp.limit]
    ramp.succeeded(0.0, 0.2)
    for step in range(1, 10):
        ramp.consider(ramp.limit, 0.2 + step * 0.06)
        limits.append(ramp.limit)
    assert limits == [5, 10, 25, 50, 100, 250, 300, 300, 300, 300]


def test_it_does_not_rise_at_once_nor_beyond_what_is_used() -> None:
    ramp = Ramp(300, is_concurrent=True, now_s=0.0)
    ramp.consider(5, 0.04)
    assert ramp.limit == 5
    ramp.consider(4, 1.0)
    assert ramp.limit == 5
    ramp.consider(5, 1.0)
    assert ramp.limit == 10


def test_a_provider_that_has_answered_nothing_yet_gets_fifty_calls_at_most() -> None:
    ramp = Ramp(300, is_concurrent=True, now_s=0.0)
    for second in range(1, 20):
        ramp.consider(ramp.limit, float(second))
    assert ramp.limit == 50


def test_switched_off_it_is_one_at_a_time() -> None:
    ramp = Ramp(300, is_concurrent=False, now_s=0.0)
    ramp.succeeded(0.0, 1.0)
    ramp.consider(1, 2.0)
    assert ramp.limit == 1


def test_a_refusal_takes_a_step_back_and_those_sent_with_it_no_other() -> None:
    ramp, now_s = risen(100)
    ramp.failed(now_s, now_s + 1, is_refusal=True)
    for _ in range(30):
        ramp.failed(now_s, now_s + 1, is_refusal=True)
    assert ramp.limit == 50


def test_after_a_step_back_a_step_wants_as_many_successes_as_it_has_calls() -> None:
    ramp, now_s = risen(100)
    ramp.failed(now_s, now_s, is_refusal=True)
    for _ in range(49):
        ramp.succeeded(now_s, now_s)
    ramp.consider(50, now_s + 1)
    assert ramp.limit == 50
    ramp.succeeded(now_s, now_s)
    ramp.consider(50, now_s + 1)
    assert ramp.limit == 100


def test_one_failure_in_twenty_changes_nothing() -> None:
    ramp, now_s = risen(300)
    for call in range(2000):
        if call % 20 == 7:
            ramp.failed(now_s, now_s, is_refusal=False)
        else:
            ramp.succeeded(now_s, now_s)
    assert ramp.limit == 300


def test_one_failure_in_three_takes_it_down_step_by_step_even_after_a_long_good_time() -> None:
    ramp, now_s = risen(300)
    for _ in range(5000):
        ramp.succeeded(now_s, now_s)
    for call in range(2000):
        now_s += 0.01
        if call % 3 == 1:
            ramp.failed(now_s, now_s, is_refusal=False)
        else:
            ramp.succeeded(now_s, now_s)
    assert ramp.limit == 5


def test_while_errors_persist_it_is_one_at_a_time_and_rises_again_after() -> None:
    ramp, now_s = risen(300)
    for _ in range(5):
        ramp.failed(now_s, now_s, is_refusal=False)
    assert ramp.limit == 1
    assert ramp.is_one_at_a_time
    ramp.failed(now_s, now_s, is_refusal=False)
    for _ in range(3):
        assert ramp.limit == 1
        ramp.succeeded(now_s, now_s)
    assert ramp.limit == 5
