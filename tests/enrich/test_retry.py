from __future__ import annotations

import random

from remora_hub.enrich.failures import Category, Failure
from remora_hub.enrich.retry import RetryPolicy

CHANCE = random.Random(1)
PASSING = Failure(Category.PROVIDER, "", True)
REFUSED = Failure(Category.RATE_LIMIT, "", True, retry_after_s=20.0)


def test_three_calls_are_made_in_all() -> None:
    assert [RetryPolicy().allows(PASSING, made) for made in (1, 2, 3)] == [True, True, False]


def test_what_is_not_worth_it_is_not_tried_again() -> None:
    assert not RetryPolicy().allows(Failure(Category.BAD_ANSWER, "", False), 1)


def test_a_refusal_is_tried_again_more_often() -> None:
    assert RetryPolicy().allows(REFUSED, 5)
    assert not RetryPolicy().allows(REFUSED, 10)


def test_waits_double_from_a_second_and_differ() -> None:
    for attempt, backoff_s in ((1, 1.0), (2, 2.0), (3, 4.0), (12, 60.0)):
        waits = {RetryPolicy().wait_s(PASSING, attempt, CHANCE) for _ in range(100)}
        assert len(waits) > 50
        assert all(backoff_s / 2 <= wait_s <= backoff_s for wait_s in waits)


def test_retry_after_is_the_least() -> None:
    assert RetryPolicy().wait_s(REFUSED, 1, CHANCE) == 20.0
