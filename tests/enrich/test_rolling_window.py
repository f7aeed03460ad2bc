"""The window's sum against a plain list of what was added."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from remora_hub.enrich.rolling_window import SLOT_S, RollingWindow


def test_an_amount_counts_until_its_time_is_over() -> None:
    window = RollingWindow()
    window.add(3, 60.0)
    window.expire(59.9)
    assert window.total == 3
    window.expire(60.0)
    assert window.total == 0


def test_an_amount_that_is_taken_back_counts_no_more() -> None:
    window = RollingWindow()
    slot = window.add(3, 60.0)
    window.add(4, 60.0)
    assert window.take_back(3, slot)
    assert window.total == 4


def test_what_has_expired_cannot_be_taken_back() -> None:
    window = RollingWindow()
    slot = window.add(3, 60.0)
    window.expire(61.0)
    assert not window.take_back(3, slot)
    assert window.total == 0


def test_the_moment_is_told_when_the_sum_has_fallen() -> None:
    window = RollingWindow()
    for until_s in (10.0, 20.0, 30.0):
        window.add(5, until_s)
    assert window.falls_to_s(15) == 0
    assert math.isclose(window.falls_to_s(12), 10.0)
    assert math.isclose(window.falls_to_s(5), 20.0)
    assert math.isclose(window.falls_to_s(0), 30.0)


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 100), st.floats(0, 5)), max_size=60))
def test_the_sum_is_never_below_what_counts_and_above_it_by_a_slot_only(
    steps: list[tuple[int, float, float]],
) -> None:
    window = RollingWindow()
    added: list[tuple[int, float]] = []
    now_s = 0.0
    for amount, for_s, later_s in steps:
        now_s += later_s
        window.expire(now_s)
        window.add(amount, now_s + for_s)
        added.append((amount, now_s + for_s))
        window.expire(now_s)
        exact = sum(amount for amount, until_s in added if until_s > now_s)
        late = sum(amount for amount, until_s in added if until_s > now_s - 2 * SLOT_S)
        assert exact <= window.total <= late
