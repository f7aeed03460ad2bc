"""Whole runs, in virtual time unless it is about threads."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from remora_hub.enrich import (
    SKIPPED,
    Answer,
    BadAnswerError,
    Category,
    ItemError,
    Limits,
    Options,
    Priority,
    ProviderError,
    RateLimitedError,
    RunControl,
    run_concurrent,
)
from remora_hub.errors import ConfigError


async def double(item: int) -> int:
    await asyncio.sleep(0.2)
    return 2 * item


def apply(process: Callable[[int], Awaitable[int]], item: int) -> Awaitable[int]:
    """A plain function that makes a coroutine."""
    return process(item)


def errors_of(results: list[Any]) -> dict[int, ItemError]:
    return {index: result for index, result in enumerate(results) if isinstance(result, ItemError)}


def test_results_of_10000_items_come_in_the_order_of_the_input(process_all: Any) -> None:
    chance = random.Random(5)

    async def process(item: int) -> str:
        await asyncio.sleep(chance.expovariate(1.0))
        return f"r{item}"

    results = process_all(items=range(10_000), process=process)
    assert results == [f"r{item}" for item in range(10_000)]
    assert results.report.concurrency_reached == 300


@pytest.mark.parametrize(("workers", "speedup"), [(50, 45), (300, 200)])
def test_workers_multiply_the_speed(process_all: Any, workers: int, speedup: float) -> None:
    results = process_all(items=range(2000), process=double, options=Options(max_workers=workers))
    assert 2000 * 0.2 / results.report.seconds >= speedup


def test_switched_off_it_is_one_at_a_time(process_all: Any) -> None:
    results = process_all(items=range(20), process=double, options=Options(is_concurrent=False))
    assert results.report.seconds == pytest.approx(4.0)
    assert results.report.concurrency_reached == 1


def test_one_in_twenty_that_fails_costs_no_other(process_all: Any) -> None:
    """Half of them for good, half of them at the first call only."""
    calls: Counter[int] = Counter()

    async def process(item: int) -> int:
        await asyncio.sleep(0.2)
        calls[item] += 1
        if item % 20 == 3 and (item % 40 == 3 or calls[item] == 1):
            raise ProviderError("injected")
        return item

    results = process_all(items=range(4000), process=process)
    errors = errors_of(results)
    assert sorted(errors) == list(range(3, 4000, 40))
    assert all(error.category is Category.PROVIDER and error.attempts == 3 for error in errors.values())
    assert all(results[item] == item for item in range(4000) if item not in errors)
    assert results.report.errors == {"provider": 100}
    assert results.report.concurrency_reached == 300


@pytest.mark.parametrize(
    ("error", "category", "attempts"),
    [
        (RateLimitedError(), Category.RATE_LIMIT, 10),
        (TimeoutError(), Category.TIME_OUT, 3),
        (ConnectionResetError(), Category.PROVIDER, 3),
        (BadAnswerError("no JSON"), Category.BAD_ANSWER, 3),
        (ValueError("no JSON"), Category.BAD_ANSWER, 1),
        (asyncio.CancelledError(), Category.CANCELLED, 1),
    ],
)
def test_an_error_stands_in_its_place_by_category(
    process_all: Any, error: BaseException, category: Category, attempts: int
) -> None:
    async def process(item: int) -> int:
        if item == 2:
            raise error
        return item

    results = process_all(items=range(5), process=process)
    assert [result for result in results if not isinstance(result, ItemError)] == [0, 1, 3, 4]
    assert results[2].category is category
    assert results[2].attempts == attempts
    assert category.value in str(results[2])


def test_a_call_that_takes_too_long_is_a_time_out(process_all: Any) -> None:
    async def process(item: int) -> int:
        await asyncio.sleep(1000 if item == 1 else 1)
        return item

    results = process_all(items=range(3), process=process, options=Options(call_timeout_s=10))
    assert errors_of(results)[1].category is Category.TIME_OUT
    assert results[0::2] == [0, 2]


def test_a_provider_that_is_down_is_left_alone_and_then_given_up(process_all: Any) -> None:
    calls = []

    async def process(item: int) -> int:
        calls.append(item)
        raise ConnectionRefusedError

    results = process_all(items=range(1000), process=process)
    assert len(errors_of(results)) == 1000
    assert len(calls) < 30
    assert results.report.breaker_trips == 3
    assert results.report.seconds == pytest.approx(120, abs=20)


def test_a_provider_that_comes_back_is_used_again(process_all: Any) -> None:
    async def process(item: int) -> int:
        await asyncio.sleep(0.1)
        if asyncio.get_running_loop().time() < 90:
            raise ConnectionRefusedError
        return item

    results = process_all(items=range(1000), process=process)
    assert len(errors_of(results)) <= 10
    assert results.report.breaker_trips >= 1


def test_a_refusing_provider_is_asked_less_and_nothing_is_lost(process_all: Any) -> None:
    """It lets five calls a second through, which nobody was told."""
    seconds: Counter[int] = Counter()

    async def process(item: int) -> int:
        second = int(asyncio.get_running_loop().time())
        seconds[second] += 1
        if seconds[second] > 5:
            raise RateLimitedError(retry_after_s=1.0)
        await asyncio.sleep(0.1)
        return item

    results = process_all(items=range(100), process=process, target_rpm=6000)
    assert results == list(range(100))
    assert max(count for second, count in seconds.items() if second > 20) < 30


def test_tokens_are_settled_with_what_the_answer_says(process_all: Any) -> None:
    """At an estimate of 1000 a minute would have room for ten; at the 100 really used for a hundred."""

    async def process(item: int) -> Answer[int]:
        await asyncio.sleep(0.1)
        return Answer(item, tokens=100)

    limits = Limits(tokens_per_minute=10_000, burst_s=60)
    results = process_all(items=range(80), process=process, estimate_tokens=lambda _: 1000, limits=limits)
    assert results == list(range(80))
    assert results.report.seconds < 30
    assert results.report.providers.popitem()[1].tokens == 8000


def test_the_more_urgent_are_done_first(process_all: Any) -> None:
    order = []

    async def process(item: int) -> int:
        order.append(item)
        await asyncio.sleep(1)
        return item

    results = process_all(
        items=range(10),
        process=process,
        priority=lambda item: Priority.CHANGED if item >= 8 else Priority.REST,
        options=Options(is_concurrent=False),
    )
    assert results == list(range(10))
    assert order == [8, 9, 0, 1, 2, 3, 4, 5, 6, 7]


def test_promoted_while_it_waits_an_item_comes_next(process_all: Any) -> None:
    order = []
    control = RunControl()

    async def process(item: int) -> int:
        order.append(item)
        await asyncio.sleep(1)
        if item == 1:
            control.promote(7, Priority.LOOKED_AT)
        return item

    process_all(items=range(9), process=process, options=Options(is_concurrent=False), control=control)
    assert order == [0, 1, 7, 2, 3, 4, 5, 6, 8]


def test_what_is_looked_at_comes_first_from_the_beginning_or_while_it_waits(process_all: Any) -> None:
    order = []
    control = RunControl()
    control.look_at({"topic 8"})

    async def process(item: int) -> int:
        order.append(item)
        await asyncio.sleep(1)
        if item == 1:
            control.look_at({"topic 4", "topic 0"})
        return item

    process_all(
        items=range(9),
        process=process,
        topic=lambda item: f"topic {item}",
        options=Options(is_concurrent=False),
        control=control,
    )
    assert order == [8, 0, 1, 4, 2, 3, 5, 6, 7]


def test_what_an_urgent_item_waits_for_is_as_urgent(process_all: Any) -> None:
    """A changed item at first, then one that somebody looks at."""
    after = {5: (2,), 2: (1,), 8: (4, 6), 6: (3,)}
    order = []
    control = RunControl()

    async def process(item: int) -> int:
        order.append(item)
        await asyncio.sleep(1)
        if item == 1:
            control.look_at({"8"})
        return item

    process_all(
        items=range(9),
        process=process,
        priority=lambda item: Priority.CHANGED if item == 5 else Priority.REST,
        topic=str,
        after=lambda item: after.get(item, ()),
        options=Options(is_concurrent=False),
        control=control,
    )
    assert order == [1, 3, 4, 6, 8, 2, 5, 0, 7]


def test_paused_it_begins_no_call_until_it_goes_on(process_all: Any) -> None:
    control = RunControl()
    begun_s = []

    async def process(item: int) -> int:
        loop = asyncio.get_running_loop()
        begun_s.append(loop.time())
        if item == 3:
            control.pause()
            loop.call_later(100, control.resume)
        await asyncio.sleep(1)
        return item

    process_all(items=range(8), process=process, options=Options(is_concurrent=False), control=control)
    assert begun_s == pytest.approx([0, 1, 2, 3, 103, 104, 105, 106])


def test_cancelled_it_returns_what_is_done(process_all: Any) -> None:
    control = RunControl()

    async def process(item: int) -> int:
        await asyncio.sleep(1)
        if item == 4:
            control.cancel()
        return item

    results = process_all(
        items=range(10), process=process, options=Options(is_concurrent=False), control=control
    )
    assert results[:5] == [0, 1, 2, 3, 4]
    assert {error.category for error in errors_of(results).values()} == {Category.CANCELLED}
    assert len(errors_of(results)) == 5


def test_skip_leaves_the_first_out(process_all: Any) -> None:
    results = process_all(items=range(5), process=double, options=Options(skip=2))
    assert results == [SKIPPED, SKIPPED, 4, 6, 8]
    assert results.report.skipped == 2


def test_nothing_to_do_is_done(process_all: Any) -> None:
    assert process_all(items=[], process=double) == []


def test_none_is_a_result(process_all: Any) -> None:
    async def process(item: int) -> None:
        return None

    assert process_all(items=range(3), process=process) == [None, None, None]


def test_several_items_go_into_one_call(process_all: Any) -> None:
    sizes = []

    async def process_group(items: list[int]) -> list[int]:
        sizes.append(len(items))
        await asyncio.sleep(0.2)
        return [2 * item for item in items]

    results = process_all(
        items=range(10_000),
        process_group=process_group,
        options=Options(max_workers=10, max_items_per_call=64),
    )
    assert results == [2 * item for item in range(10_000)]
    assert max(sizes) == 64
    assert len(sizes) < 250


def test_a_bad_item_in_a_call_of_several_costs_no_other(process_all: Any) -> None:
    async def process_group(items: list[int]) -> list[int]:
        await asyncio.sleep(0.2)
        if 70 in items:
            raise ValueError("one of them is bad")
        return items

    options = Options(max_workers=10, max_items_per_call=64)
    results = process_all(items=range(200), process_group=process_group, options=options)
    assert list(errors_of(results)) == [70]
    assert results[69] == 69


def test_a_call_may_tell_which_of_its_items_failed(process_all: Any) -> None:
    async def process_group(items: list[int]) -> Answer[list[int | Exception]]:
        return Answer([ValueError("odd") if item % 2 else item for item in items], tokens=7)

    results = process_all(items=range(10), process_group=process_group, options=Options(max_items_per_call=5))
    assert list(errors_of(results)) == [1, 3, 5, 7, 9]


def test_a_call_with_too_few_results_is_a_bad_answer(process_all: Any) -> None:
    async def process_group(items: list[int]) -> list[int]:
        return [*items, 1]

    results = process_all(items=range(3), process_group=process_group, options=Options(max_items_per_call=3))
    assert {error.category for error in errors_of(results).values()} == {Category.BAD_ANSWER}


def test_plain_functions_run_in_threads_at_once(name: str) -> None:
    """Twenty calls that all wait for each other can only end together."""
    together = threading.Barrier(20)

    def process(item: int) -> int:
        together.wait(timeout=60)
        return 2 * item

    results = run_concurrent(items=range(20), process=process, limiter_name=name, max_workers=20)
    assert results == list(range(0, 40, 2))


def test_it_blocks_and_takes_coroutines_too(name: str) -> None:
    async def process(item: int) -> int:
        return 2 * item

    assert run_concurrent(items=[1, 2], process=process, limiter_name=name) == [2, 4]
    assert run_concurrent(items=[1, 2], process=partial(apply, process), limiter_name=name) == [2, 4]


def test_max_workers_is_that_of_the_options_unless_told(name: str) -> None:
    async def process(item: int) -> int:
        await asyncio.sleep(0.05)
        return item

    for told, reached in ((None, 7), (3, 3)):
        results = run_concurrent(
            items=range(30),
            process=process,
            limiter_name=name,
            max_workers=told,
            options=Options(max_workers=7),
        )
        assert results.report.concurrency_reached == reached


async def test_in_an_event_loop_the_blocking_face_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="run_job"):
        run_concurrent(items=[1], process=double, limiter_name=name)


def test_one_of_the_two_functions_has_to_be_given(name: str) -> None:
    with pytest.raises(ConfigError, match="either process or process_group"):
        run_concurrent(items=[1], limiter_name=name)


@pytest.mark.parametrize("wrong", [{"max_workers": 0}, {"max_items_per_call": 0}, {"skip": -1}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        Options(**wrong)


def test_an_item_is_begun_when_all_it_waits_for_have_ended_and_others_meanwhile(process_all: Any) -> None:
    after = {2: (0, 1), 4: (2,), 5: (4, 0)}
    ended: list[int] = []
    seen: dict[int, list[int]] = {}

    async def process(item: int) -> int:
        seen[item] = list(ended)
        await asyncio.sleep(1 + item)
        ended.append(item)
        return item

    options = Options(max_workers=50)
    results = process_all(
        items=range(6), process=process, options=options, after=lambda item: after.get(item, ())
    )
    assert results == list(range(6))
    assert all(set(awaited) <= set(seen[item]) for item, awaited in after.items())
    assert seen[3] == []  # it waits for nobody


def test_what_waits_for_an_item_that_failed_is_done_all_the_same(process_all: Any) -> None:
    async def process(item: int) -> int:
        if item == 0:
            raise BadAnswerError("no", is_worth_retrying=False)
        return item

    results = process_all(items=range(3), process=process, after=range)
    assert results[1:] == [1, 2]
    assert set(errors_of(results)) == {0}


def test_nothing_waits_for_ever_where_the_provider_does_not_work(process_all: Any) -> None:
    async def process(item: int) -> int:
        raise ProviderError("down")

    results = process_all(items=range(30), process=process, after=lambda item: range(max(0, item - 1), item))
    assert len(errors_of(results)) == 30


def test_an_item_that_would_wait_for_a_later_one_is_refused(process_all: Any) -> None:
    with pytest.raises(ConfigError, match="item 0 does not stand before item 0"):
        process_all(items=range(2), process=double, after=lambda item: (item,))


def test_who_waits_for_admission_is_sent_no_faster_than_the_limits_allow(process_all: Any) -> None:
    sent_s: list[float] = []
    ended: set[int] = set()

    async def process(item: int) -> int:
        sent_s.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.01 if item else 65.0)
        ended.add(item)
        return item

    def admit(item: int) -> bool:
        return item == 0 or 0 in ended

    limits = Limits(requests_per_minute=30)
    assert process_all(items=range(70), process=process, admit=admit, limits=limits) == list(range(70))
    assert max(sum(first <= one < first + 60 for one in sent_s) for first in sent_s) <= 30
