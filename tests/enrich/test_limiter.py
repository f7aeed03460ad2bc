"""The limiter alone: what it lets through, when, and what a provider on the other side would have counted."""

from __future__ import annotations

import heapq
import random

import pytest

from remora_hub.enrich.limiter import LOOK_AGAIN_S, Limiter
from remora_hub.enrich.providers import Limits
from remora_hub.enrich.reservation import Reservation


def reserve(limiter: Limiter, tokens: int, now_s: float, who: object = "me") -> Reservation:
    reservation = limiter.reserve(tokens, now_s, who)
    assert isinstance(reservation, Reservation)
    return reservation


def wait_s(limiter: Limiter, tokens: int, now_s: float, who: object = "me") -> float:
    wait = limiter.reserve(tokens, now_s, who)
    assert isinstance(wait, float)
    return wait


def unhurried(requests: float | None = None, tokens: float | None = None) -> Limits:
    """Limits whose bursts are as large as the minute."""
    return Limits(requests, tokens, burst_s=60.0)


def test_without_limits_everything_is_let_through() -> None:
    limiter = Limiter("a", Limits(), 0.0)
    for _ in range(1000):
        reserve(limiter, 10**9, 0.0)


def test_a_request_beyond_the_limit_waits_until_the_first_has_left_the_window() -> None:
    limiter = Limiter("a", unhurried(requests=3), 0.0)
    first = [reserve(limiter, 0, 0.0) for _ in range(3)]
    for reservation in first:
        limiter.settle(reservation, 0, 1.0)
    assert wait_s(limiter, 0, 1.0) == pytest.approx(60.0)
    reserve(limiter, 0, 61.1)


def test_tokens_are_reserved_by_the_estimate_and_settled_by_what_was_used() -> None:
    limiter = Limiter("a", unhurried(tokens=1000), 0.0)
    reservation = reserve(limiter, 900, 0.0)
    assert wait_s(limiter, 200, 0.5) > 0
    limiter.settle(reservation, 100, 1.0)
    assert limiter.left(1.0).tokens == 900
    reserve(limiter, 800, 1.0)


def test_more_tokens_than_estimated_are_owed() -> None:
    limiter = Limiter("a", unhurried(tokens=1000), 0.0)
    limiter.settle(reserve(limiter, 100, 0.0), 990, 1.0)
    assert limiter.left(1.0).tokens == 10


def test_after_estimates_that_fell_short_more_is_reserved() -> None:
    limiter = Limiter("a", unhurried(tokens=10_000), 0.0)
    limiter.settle(reserve(limiter, 100, 0.0), 150, 1.0)
    assert reserve(limiter, 100, 1.0).reserved == 150


def test_one_outlier_counts_twice_the_mean_at_most() -> None:
    limiter = Limiter("a", Limits(), 0.0)
    for _ in range(200):
        limiter.settle(reserve(limiter, 100, 0.0), 100, 1.0)
    limiter.settle(reserve(limiter, 100, 0.0), 5000, 1.0)
    assert reserve(limiter, 100, 1.0).reserved < 300


def test_what_is_larger_than_the_limit_goes_alone() -> None:
    limiter = Limiter("a", unhurried(tokens=100), 0.0)
    small = reserve(limiter, 1, 0.0)
    assert wait_s(limiter, 500, 0.0) > 0
    limiter.settle(small, 1, 0.0)
    large = reserve(limiter, 500, 60.2)
    assert wait_s(limiter, 1, 61.0) > 0
    limiter.settle(large, 500, 62.0)
    reserve(limiter, 1, 400.0)


def test_what_was_not_sent_is_given_back() -> None:
    limiter = Limiter("a", unhurried(requests=1, tokens=100), 0.0)
    limiter.give_back(reserve(limiter, 100, 0.0), 0.0)
    reserve(limiter, 100, 0.0)


def test_a_burst_is_bounded_and_followed_by_a_pause() -> None:
    limiter = Limiter("a", Limits(6000, burst_s=2.0, cool_down_s=0.5), 0.0)
    for _ in range(200):
        reserve(limiter, 0, 0.0)
    assert wait_s(limiter, 0, 0.0) == 0.5
    assert wait_s(limiter, 0, 0.1) == pytest.approx(0.4)
    for _ in range(50):
        reserve(limiter, 0, 0.5)
    assert wait_s(limiter, 0, 0.5) == 0.5


def test_what_is_given_back_ends_the_wait_for_it() -> None:
    """A call of more tokens than a burst holds; it cost much less than was reserved."""
    limiter = Limiter("a", Limits(tokens_per_minute=6000, burst_s=2.0, cool_down_s=0.5), 0.0)
    first = reserve(limiter, 1000, 0.0)
    assert wait_s(limiter, 200, 0.0) == pytest.approx(10.0)
    limiter.settle(first, 100, 0.2)
    assert wait_s(limiter, 200, 0.5) == pytest.approx(0.5)
    reserve(limiter, 200, 1.0)


def test_a_refusal_stops_all_and_halves_the_rate_which_comes_back() -> None:
    limiter = Limiter("a", unhurried(requests=600), 0.0)
    limiter.lower(reserve(limiter, 0, 0.0), 7.0, 1.0)
    assert wait_s(limiter, 0, 1.0) == 7.0
    assert limiter.left(1.0).requests == 299
    assert limiter.left(26.0).requests == pytest.approx(449)
    assert limiter.left(500.0).requests == 600


def test_calls_refused_together_lower_the_rate_once() -> None:
    limiter = Limiter("a", unhurried(requests=600), 0.0)
    sent = [reserve(limiter, 0, 0.0) for _ in range(50)]
    for reservation in sent:
        limiter.lower(reservation, None, 1.0)
    assert limiter.left(1.0).requests == 250
    limiter.lower(reserve(limiter, 0, 2.5), None, 3.0)
    assert limiter.left(3.0).requests == pytest.approx(600 * 0.52 / 2 - 51)


def test_who_wants_much_is_not_overtaken_for_ever() -> None:
    limiter = Limiter("a", Limits(tokens_per_minute=6000, burst_s=2.0, cool_down_s=0.1), 0.0)
    reserve(limiter, 200, 0.0, "small")
    now_s, large = 0.0, None
    while large is None and now_s < 30:
        now_s += LOOK_AGAIN_S
        asked = limiter.reserve(200, now_s, "large")
        large = asked if isinstance(asked, Reservation) else None
        limiter.reserve(1, now_s, "small")
    assert large is not None


def test_who_went_away_while_waiting_holds_nobody_up() -> None:
    limiter = Limiter("a", unhurried(requests=1), 0.0)
    reserve(limiter, 0, 0.0, "first")
    wait_s(limiter, 0, 0.0, "gone")
    now_s = 0.0
    while isinstance(limiter.reserve(0, now_s, "second"), float):
        now_s += 1.0
    assert now_s < 70


def test_limits_told_later_hold_with_what_was_spent_before() -> None:
    limiter = Limiter("a", unhurried(requests=10), 0.0)
    for _ in range(5):
        reserve(limiter, 0, 0.0)
    limiter.adopt(unhurried(requests=6), 0.0)
    assert limiter.left(0.0).requests == 1


def most_in_a_minute(counted: list[tuple[float, int]]) -> tuple[int, int]:
    """The most requests and tokens in any rolling 60 s."""
    counted.sort()
    first = tokens = most_requests = most_tokens = 0
    for place, (moment_s, amount) in enumerate(counted):
        tokens += amount
        while counted[first][0] <= moment_s - 60:
            tokens -= counted[first][1]
            first += 1
        most_requests = max(most_requests, place - first + 1)
        most_tokens = max(most_tokens, tokens)
    return most_requests, most_tokens


@pytest.mark.parametrize("longest_s", [0.3, 5.0, 40.0])
@pytest.mark.parametrize("seed", range(2))
def test_no_rolling_minute_at_the_provider_exceeds_the_limits_and_most_of_them_is_used(
    seed: int, longest_s: float
) -> None:
    """A provider counts at some moment between a request's sending and its answer, within the slack."""
    chance = random.Random(seed)
    limits = Limits(1200, 60_000)
    limiter = Limiter("a", limits, 0.0)
    in_flight: list[tuple[float, int, Reservation, int]] = []
    counted: list[tuple[float, int]] = []
    now_s, number = 0.0, 0
    while now_s < 300:
        while in_flight and in_flight[0][0] <= now_s:
            ended_s, _, reservation, used = heapq.heappop(in_flight)
            limiter.settle(reservation, used, ended_s)
        used = chance.randint(20, 90)
        reservation = limiter.reserve(round(used * chance.uniform(0.9, 1.2)), now_s, "me")
        if isinstance(reservation, float):
            now_s += min(reservation, LOOK_AGAIN_S)
            continue
        takes_s = chance.uniform(0.05, longest_s)
        counted.append((now_s + chance.uniform(0, min(takes_s, limits.arrival_slack_s)), used))
        number += 1
        heapq.heappush(in_flight, (now_s + takes_s, number, reservation, used))
    requests, tokens = most_in_a_minute(counted)
    assert requests <= 1200
    assert tokens <= 60_000
    assert max(len(counted) / 5 / 1200, sum(used for _, used in counted) / 5 / 60_000) >= 0.9
