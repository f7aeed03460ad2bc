"""Providers that do whatever they like: a run ends, and accounts for every item, whatever comes back."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remora_hub.enrich import (
    Answer,
    BadAnswerError,
    ItemError,
    Limits,
    Options,
    ProviderError,
    RateLimitedError,
)

names = (f"any provider {number}" for number in count())
ERRORS = (
    RateLimitedError(retry_after_s=2.0),
    TimeoutError(),
    ProviderError("broken"),
    ProviderError("wrong key", is_worth_retrying=False),
    BadAnswerError("no JSON"),
    ValueError("no JSON"),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    items=st.integers(0, 150),
    workers=st.sampled_from([1, 4, 30, 300]),
    group=st.sampled_from([None, 1, 7]),
    error_share=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    is_limited=st.booleans(),
)
def test_every_item_has_one_outcome_in_its_place(
    process_all: Any,
    seed: int,
    items: int,
    workers: int,
    group: int | None,
    error_share: float,
    is_limited: bool,
) -> None:
    chance = random.Random(seed)

    async def process(item: int) -> Answer[int]:
        await asyncio.sleep(chance.choice((0.0, 0.1, 3.0, 200.0 if chance.random() < 0.01 else 1.0)))
        if chance.random() < error_share:
            raise chance.choice(ERRORS)
        return Answer(item, tokens=chance.randint(0, 300))

    async def process_group(numbers: list[int]) -> list[int | Exception]:
        first = (await process(numbers[0])).value
        return [
            first,
            *(ValueError("odd") if chance.random() < error_share else number for number in numbers[1:]),
        ]

    results = process_all(
        items=range(items),
        limiter_name=next(names),
        limits=Limits(600, 30_000) if is_limited else None,
        estimate_tokens=lambda _: 100,
        options=Options(max_workers=workers, max_items_per_call=group or 1),
        **({"process": process} if group is None else {"process_group": process_group}),
    )
    assert len(results) == items
    for number, result in enumerate(results):
        assert result == number or (isinstance(result, ItemError) and result.index == number)
    report = results.report
    assert report.done + report.failed == items
    assert sum(report.errors.values()) == report.failed
    assert report.concurrency_reached <= workers
    if error_share == 0.0 and report.failed:
        assert set(report.errors) == {"time-out"}  # 200 s are more than a call may take


class CountingProvider:
    """Counts at some moment before it answers, and refuses nobody: what would have been too much is noted."""

    def __init__(self, rpm: float, tpm: float) -> None:
        self.violations = self.calls = self.tokens = 0
        self._rpm = rpm
        self._tpm = tpm
        self._window: deque[tuple[float, int]] = deque()
        self._chance = random.Random(6)

    async def __call__(self, item: tuple[int, float]) -> Answer[int]:
        tokens, takes_s = item
        sent_after_s = self._chance.uniform(0, min(1.0, takes_s))
        await asyncio.sleep(sent_after_s)
        now_s = asyncio.get_running_loop().time()
        self._window.append((now_s, tokens))
        while self._window[0][0] <= now_s - 60:
            self._window.popleft()
        used = sum(tokens for _, tokens in self._window)
        self.violations += len(self._window) > self._rpm or used > self._tpm
        self.calls += 1
        self.tokens += tokens
        await asyncio.sleep(takes_s - sent_after_s)
        return Answer(tokens, tokens)


@pytest.mark.parametrize(("longest_s", "tokens"), [(1.0, 100), (20.0, 20)])
def test_ten_minutes_at_300_workers_keep_the_limits_and_use_nine_tenths_of_them(
    process_all: Any, longest_s: float, tokens: int
) -> None:
    rpm, tpm = 450.0, 22_500.0
    chance = random.Random(7)
    provider = CountingProvider(rpm, tpm)
    items = [
        (round(tokens * chance.uniform(0.5, 1.5)), chance.uniform(0.2, longest_s))
        for _ in range(round(10 * min(rpm, tpm / tokens)))
    ]
    results = process_all(
        items=items,
        process=provider,
        estimate_tokens=lambda item: round(item[0] * chance.uniform(0.8, 1.2)),
        target_rpm=rpm,
        target_tpm=tpm,
    )
    assert results == [tokens for tokens, _ in items]
    minutes = results.report.seconds / 60
    assert provider.violations == 0
    assert max(provider.calls / rpm, provider.tokens / tpm) / minutes >= 0.9
