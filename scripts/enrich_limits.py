"""Holds the enrichment processor to what it promises, against a real HTTP server that enforces limits.

limits  ten simulated minutes at 300 workers, once where requests bind and once where tokens do: no violation of a
        rolling minute, and at least nine tenths of what the limits allow
speed   calls of 200 ms that no limit binds: 50 workers at least 45 times, 300 at least 200 times one at a time
order   10,000 items of random latency, a twentieth of the calls failing: in order, and no other item lost
kill    kill -9 at 20 random moments: at most 100 items done again each time, none lost, none twice in the store

Prints a line for each promise, or JSON; fails if one is not kept. Wants a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from enrich_limit_server import Client, ScaledClock, running_server

from remora_hub.enrich import Answer, ItemError, Job, Options, Persistence, Results, run_job
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.task_store import TaskStore

MINUTES = 10
RPM, TPM = 6_000.0, 285_000.0
SCALE = 6.0  # times as fast as the clock on the wall: 600 requests a second
UNLIMITED = 1e12
KILLS = 20
KILL_ITEMS = 6_000
Item = tuple[int, int, float]  # number, tokens, seconds

chance = random.Random(1)  # noqa: S311  # latencies and moments


@dataclass(frozen=True, slots=True)
class Promise:
    """What was measured beside what was promised."""

    what: str
    measured: float
    least: float | None = None
    most: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it was."""
        return (self.least is None or self.measured >= self.least) and (
            self.most is None or self.measured <= self.most
        )


def items_of(count: int, tokens: tuple[int, int], seconds: tuple[float, float]) -> list[Item]:
    """Items that cost and last at random."""
    return [(number, chance.randint(*tokens), chance.uniform(*seconds)) for number in range(count)]


async def run_over_http(port: int, items: list[Item], scale: float, **fields: Any) -> Results[int]:
    """Call the server for each item; the estimate of its tokens is up to a fifth off."""
    client = Client(port)

    async def process(item: Item) -> Answer[int]:
        number, tokens, seconds = item
        return Answer(number, await client.call(number, tokens, seconds))

    def estimate_tokens(item: Item) -> int:
        return round(item[1] * chance.uniform(0.8, 1.2))

    job = Job(
        items=items, process=process, estimate_tokens=estimate_tokens, clock=ScaledClock(scale), **fields
    )
    results = await run_job(job)
    await client.close()
    return results


async def counts_of(port: int) -> dict[str, float]:
    """What the server counted."""
    client = Client(port)
    counts: dict[str, float] = await client.post("/counts", {})
    await client.close()
    return counts


def check_limits(scale: float) -> Iterator[Promise]:
    """Requests bind where a request costs little, tokens where it costs much."""
    for name, tokens in (("requests", (10, 50)), ("tokens", (50, 150))):
        mean = sum(tokens) / 2
        count = round(MINUTES * min(RPM, TPM / mean))
        with running_server(rpm=RPM, tpm=TPM, scale=scale) as port:
            results = asyncio.run(
                run_over_http(
                    port,
                    items_of(count, tokens, (0.5, 3.5)),
                    scale,
                    limiter_name=f"limits by {name}",
                    target_rpm=RPM,
                    target_tpm=TPM,
                )
            )
            counts = asyncio.run(counts_of(port))
        minutes = counts["seconds"] / 60
        used = max(counts["calls"] / minutes / RPM, counts["tokens"] / minutes / TPM)
        yield Promise(f"{name} bind: violations", counts["violations"], most=0)
        yield Promise(f"{name} bind: share of what the limits allow", used, least=0.9)
        yield Promise(f"{name} bind: simulated minutes", minutes, least=0.9 * MINUTES)
        yield Promise(f"{name} bind: workers used", results.report.concurrency_reached)
        yield Promise(f"{name} bind: items without a result", results.report.failed, most=0)


def check_speed(_scale: float) -> Iterator[Promise]:
    """One at a time is measured, too."""
    seconds_per_item = {}
    with running_server(rpm=UNLIMITED, tpm=UNLIMITED) as port:
        for workers, count in ((1, 50), (50, 3_000), (300, 9_000)):
            started = time.monotonic()
            asyncio.run(
                run_over_http(
                    port,
                    items_of(count, (10, 10), (0.2, 0.2)),
                    1.0,
                    limiter_name=f"speed {workers}",
                    options=Options(max_workers=workers),
                )
            )
            seconds_per_item[workers] = (time.monotonic() - started) / count
    for workers, least in ((50, 45), (300, 200)):
        speedup = seconds_per_item[1] / seconds_per_item[workers]
        yield Promise(f"{workers} workers, times one at a time", speedup, least=least)


def check_order(_scale: float) -> Iterator[Promise]:
    """Whatever order they end in; a call that the server fails with 500 is tried again, three calls in all."""
    items = items_of(10_000, (10, 10), (0.0, 0.4))
    with running_server(rpm=UNLIMITED, tpm=UNLIMITED, error_share=0.05) as port:
        results = asyncio.run(run_over_http(port, items, 1.0, limiter_name="order"))
        errors = asyncio.run(counts_of(port))["errors"]
    in_order = sum(
        isinstance(result, ItemError) or result == item[0]
        for item, result in zip(items, results, strict=True)
    )
    failed = sum(isinstance(result, ItemError) for result in results)
    yield Promise("items in their place, of 10,000", in_order, least=10_000)
    yield Promise("errors injected", errors, least=300)
    yield Promise("items that failed three times", failed, most=10)


def run_to_be_killed(database: Path, port: int) -> None:
    """The process that is killed."""

    async def main() -> None:
        client = Client(port)

        async def process(item: int) -> str:
            await client.call(item, 1, random.expovariate(20))  # latency
            return str(item)

        with EnrichDatabase(database) as opened:
            store = store_of(opened)
            keep = Persistence(
                sink=store, cache=store, history=store, key=str, digest=lambda item: f"digest of {item}"
            )
            await run_job(
                Job(items=range(KILL_ITEMS), process=process, limiter_name="kill", persistence=keep)
            )

    asyncio.run(main())


def store_of(database: EnrichDatabase) -> TaskStore[str]:
    """Where the run that is killed keeps its results."""
    return TaskStore(database, "kill", model="m", prompt_version="1", encode=str.encode, decode=bytes.decode)


def check_kill(_scale: float) -> Iterator[Promise]:
    """The server's list of calls tells what was done again."""
    redone = []
    with (
        running_server(rpm=UNLIMITED, tpm=UNLIMITED) as port,
        tempfile.TemporaryDirectory() as directory,
        closing(asyncio.new_event_loop()) as loop,
    ):
        client = Client(port)
        path = Path(directory, "enrich.db")
        command = [sys.executable, __file__, "--child", str(path), str(port)]
        seen = 0
        known: set[int] = set()
        for kill in range(KILLS + 1):
            with subprocess.Popen(command) as run:
                if kill < KILLS:
                    _wait_for_calls(loop, client, seen + chance.randint(1, 280))
                    time.sleep(chance.uniform(0, 0.05))  # the random moment of the kill
                    run.kill()
            calls = loop.run_until_complete(client.post("/ids", {}))
            redone.append(sum(call in known for call in calls[seen:]))
            seen, known = len(calls), set(calls)
        loop.run_until_complete(client.close())
        with EnrichDatabase(path) as database:
            keys = [key for key, _, _ in store_of(database).results()]
    yield Promise(f"most items done again after one of {KILLS} kills", max(redone), most=100)
    yield Promise("items lost", KILL_ITEMS - len(set(keys)), most=0)
    yield Promise("items twice in the store", len(keys) - len(set(keys)), most=0)


def _wait_for_calls(loop: asyncio.AbstractEventLoop, client: Client, calls: int) -> None:
    while loop.run_until_complete(client.post("/counts", {}))["calls"] < calls:
        time.sleep(0.005)  # the server only counts; it announces nothing


CHECKS: dict[str, Callable[[float], Iterator[Promise]]] = {
    "limits": check_limits,
    "speed": check_speed,
    "order": check_order,
    "kill": check_kill,
}


def main() -> int:
    """1 if a promise is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)}; default: all")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--scale", type=float, default=SCALE, help="how fast time runs for limits (%(default)s)"
    )
    parser.add_argument("--child", nargs=2, metavar=("DATABASE", "PORT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        run_to_be_killed(Path(arguments.child[0]), int(arguments.child[1]))
        return 0
    unknown = set(arguments.checks) - set(CHECKS)
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    promises = []
    for name in arguments.checks or CHECKS:
        for promise in CHECKS[name](arguments.scale):
            promises.append(promise)
            if not arguments.json:
                _print(promise)
    if arguments.json:
        print(json.dumps([{**asdict(promise), "is_kept": promise.is_kept} for promise in promises], indent=2))
    return int(not all(promise.is_kept for promise in promises))


def _print(promise: Promise) -> None:
    bound = ""
    if promise.least is not None:
        bound = f"at least {promise.least:g}"
    elif promise.most is not None:
        bound = f"at most {promise.most:g}"
    verdict = ("kept" if promise.is_kept else "NOT KEPT") if bound else ""
    print(f"{promise.what:<52}{promise.measured:>10.6g}   {bound:<18}{verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
