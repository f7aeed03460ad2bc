"""Against a real HTTP server, in a process of its own, that enforces limits and counts who breaks them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from enrich_limit_server import Client, ScaledClock, running_server

from remora_hub.enrich import Answer, ItemError, Job, Limits, Options, run_job

SCALE = 30.0
RPM = 600.0
TPM = 24_000.0
# What a starved machine sends late is counted until its answer, however late that is; nor is any call given up.
SLACK_S = 600.0
PATIENT = Options(call_timeout_s=None)
Item = tuple[int, int]  # number, tokens


@pytest.fixture
def port() -> Iterator[int]:
    with running_server(rpm=RPM, tpm=TPM, scale=SCALE) as port:
        yield port


def make_items(count: int) -> list[Item]:
    chance = random.Random(4)
    return [(number, chance.randint(20, 60)) for number in range(count)]


async def run_against(port: int, items: list[Item], **fields: Any) -> tuple[list[Any], dict[str, Any]]:
    """Results, and what the server counted."""
    chance = random.Random(8)
    client = Client(port)

    async def process(item: Item) -> Answer[int]:
        number, tokens = item
        return Answer(number, await client.call(number, tokens, chance.uniform(0.2, 2.0)))

    job = Job(
        items=items,
        process=process,
        estimate_tokens=lambda item: round(item[1] * chance.uniform(0.9, 1.1)),
        clock=ScaledClock(SCALE),
        options=PATIENT,
        **fields,
    )
    results = await run_job(job)
    counts = await client.post("/counts", {})
    await client.close()
    return results, counts


async def test_three_minutes_break_no_limit_and_everything_is_done_in_order(port: int, name: str) -> None:
    items = make_items(1800)
    limits = Limits(RPM, TPM, arrival_slack_s=SLACK_S)
    results, counts = await run_against(port, items, limiter_name=name, limits=limits)
    assert results == [number for number, _ in items]
    assert counts["violations"] == 0
    assert counts["calls"] == 1800
    assert counts["seconds"] > 110


async def test_runs_of_one_name_share_its_limits(port: int, name: str) -> None:
    limits = Limits(RPM, TPM, arrival_slack_s=SLACK_S)
    runs = [run_against(port, make_items(500), limiter_name=name, limits=limits) for _ in range(3)]
    outcomes = await asyncio.gather(*runs)
    assert all(results == list(range(500)) for results, _ in outcomes)
    assert max(counts["violations"] for _, counts in outcomes) == 0


async def test_refused_by_limits_that_nobody_told_it_goes_on_until_all_is_done(name: str) -> None:
    with running_server(rpm=80, tpm=1e9, scale=SCALE) as port:
        results, counts = await run_against(port, make_items(200), limiter_name=name)
    assert results == list(range(200))
    assert 0 < counts["violations"] < 2000


async def test_errors_of_the_server_cost_no_other_item(name: str) -> None:
    with running_server(rpm=1e9, tpm=1e9, scale=SCALE, error_share=0.05) as port:
        results, counts = await run_against(port, make_items(1000), limiter_name=name)
    failed = [result for result in results if isinstance(result, ItemError)]
    assert counts["errors"] > 20
    assert len(failed) <= 3
    assert all(result == number for number, result in enumerate(results) if result not in failed)
