from __future__ import annotations

import threading

from remora_hub.log_repeats import Repeats

INFO, WARNING = 20, 30


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_is_let_through_and_the_rest_counted() -> None:
    told: list[tuple[int, str, int, float]] = []
    clock = Clock()
    repeats = Repeats(lambda *summary: told.append(summary), burst=2, window_s=60, clock=clock)
    assert [repeats.admits(INFO, "a", str(number)) for number in range(5)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert repeats.admits(INFO, "b")
    clock.now_s = 59
    repeats.flush(only_over=True)
    assert told == []
    clock.now_s = 60
    repeats.flush(only_over=True)
    assert told == [(INFO, "a", 3, 60.0)]
    assert repeats.admits(INFO, "a")
    repeats.close()


def test_of_equal_ones_the_first_is_let_through() -> None:
    repeats = Repeats(lambda *_: None, burst=3)
    assert [repeats.admits(INFO, "a", content) for content in "xxyxy"] == [True, False, True, False, False]
    repeats.close()


def test_what_is_said_now_and_then_is_never_kept_back() -> None:
    clock = Clock()
    repeats = Repeats(lambda *_: None, burst=1, window_s=60, clock=clock)
    for _ in range(10):
        assert repeats.admits(INFO, "a")
        clock.now_s += 60


def test_the_summary_is_as_severe_as_the_worst_it_stands_for() -> None:
    told: list[int] = []
    repeats = Repeats(lambda level, *_: told.append(level), burst=1)
    for level in (INFO, WARNING, INFO):
        repeats.admits(level, "a")
    repeats.close()
    assert told == [WARNING]


def test_the_summary_comes_by_itself() -> None:
    told = threading.Event()
    repeats = Repeats(lambda *_: told.set(), burst=1, window_s=0.01)
    repeats.admits(INFO, "a")
    repeats.admits(INFO, "a")
    assert told.wait(10)
    repeats.close()


def test_events_of_any_number_do_not_fill_the_memory() -> None:
    clock = Clock()
    repeats = Repeats(lambda *_: None, window_s=1, clock=clock)
    for number in range(5000):
        clock.now_s += 0.01
        repeats.admits(INFO, f"event {number}")
    assert len(repeats._windows) <= 501
