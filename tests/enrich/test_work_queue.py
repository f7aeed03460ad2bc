from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remora_hub.enrich.work_queue import BEGUN, Priority, WorkQueue


def take_all(queue: WorkQueue, now_s: float = 0.0) -> list[int]:
    taken = []
    while (entry := queue.take(now_s)) is not None:
        taken.append(entry[0])
    return taken


def test_the_more_urgent_come_first_and_within_that_the_order_of_the_input() -> None:
    queue = WorkQueue()
    for item, priority in enumerate([2, 0, 2, 1, 0, 1]):
        queue.put(item, priority)
    assert take_all(queue) == [1, 4, 3, 5, 0, 2]


def test_an_item_that_is_put_back_takes_the_place_it_had() -> None:
    queue = WorkQueue()
    for item in range(4):
        queue.put(item, Priority.REST)
    first = queue.take(0.0)
    assert first == (0, Priority.REST)
    queue.put(*first)
    assert take_all(queue) == [0, 1, 2, 3]


def test_an_item_that_is_put_off_waits_for_its_moment() -> None:
    queue = WorkQueue()
    queue.put(1, Priority.REST)
    queue.put_later(0, Priority.LOOKED_AT, 10.0)
    assert queue.next_s() == 10.0
    assert take_all(queue, 9.9) == [1]
    assert len(queue) == 1
    assert take_all(queue, 10.0) == [0]
    assert queue.next_s() is None


def test_what_a_client_looks_at_is_brought_forward() -> None:
    queue = WorkQueue()
    for item in range(4):
        queue.put(item, Priority.REST)
    assert queue.promote(2, Priority.LOOKED_AT)
    assert take_all(queue) == [2, 0, 1, 3]
    assert not queue.promote(2, Priority.LOOKED_AT)


def test_an_item_that_is_put_off_stays_so_when_it_is_promoted() -> None:
    queue = WorkQueue()
    queue.put(0, Priority.REST)
    queue.promote(0, Priority.LOOKED_AT)
    assert queue.take(0.0) == (0, Priority.LOOKED_AT)
    queue.put_later(0, Priority.REST, 10.0)
    assert not queue.promote(0, Priority.LOOKED_AT)
    assert queue.take(5.0) is None
    assert queue.take(10.0) == (0, Priority.REST)


def test_what_was_begun_comes_before_all_and_cannot_be_promoted_away() -> None:
    queue = WorkQueue()
    queue.put(0, Priority.LOOKED_AT)
    queue.put(7, BEGUN)
    assert not queue.promote(7, Priority.LOOKED_AT)
    assert take_all(queue) == [7, 0]


def test_clear_takes_everything() -> None:
    queue = WorkQueue()
    queue.put(3, Priority.REST)
    queue.put_later(1, Priority.REST, 10.0)
    assert queue.clear() == [1, 3]
    assert not queue
    assert queue.take(20.0) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "later", "promote", "take"]), st.integers(0, 5), st.integers(0, 2))
    )
)
def test_each_item_comes_once_for_each_time_it_was_put(steps: list[tuple[str, int, int]]) -> None:
    queue = WorkQueue()
    waiting: dict[int, tuple[int, float]] = {}
    now_s = 0.0
    for what, item, priority in steps:
        now_s += 1.0
        if what in ("put", "later") and item not in waiting:
            moment_s = now_s + 2 if what == "later" else now_s
            waiting[item] = priority, moment_s
            if what == "later":
                queue.put_later(item, priority, moment_s)
            else:
                queue.put(item, priority)
        elif what == "promote":
            promoted = queue.promote(item, priority)
            if promoted:
                waiting[item] = priority, now_s
        elif what == "take":
            due = sorted((p, i) for i, (p, moment_s) in waiting.items() if moment_s <= now_s)
            expected = (due[0][1], due[0][0]) if due else None
            assert queue.take(now_s) == expected
            if expected:
                del waiting[expected[0]]
    assert len(queue) == len(waiting)
