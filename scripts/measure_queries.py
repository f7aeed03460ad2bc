"""Times queries of the hub, over its socket and through ``remora-hub lsp``, beside ty's, in one run on one project.

Everything happens on a copy of the directory, since files are written. Each question is asked in two passes over the
same names: "first" is the very first answer, p50 and p99 are of the first pass, "again" is the p50 of the second.
Times are in milliseconds, as a client sees them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from peers import Peers, default_state
from peers_client import LanguageServer
from peers_hub import running_hub
from peers_timing import QUESTIONS, Probes, Series, ask_server, ask_socket, p99, socket_requests, timed_call

from remora_hub.client.blocking import BlockingClient
from remora_hub.paths import STATE_DIRECTORY

LSP = (str(Path(sys.executable).with_name("remora-hub")), "lsp")
PAUSE_BETWEEN_QUERIES_S = 0.002
LONGEST_PAUSE_BETWEEN_WRITES_S = 0.1
LONGEST_VISIBLE_S = 30.0
STARTS = 10


async def spawn_to_answer(root: Path, query: str) -> float:
    """Milliseconds from starting ``remora-hub lsp`` to the answer to a first query."""
    started = time.perf_counter()
    async with LanguageServer(LSP, root, {}, os.environ) as server:
        await server.request("workspace/symbol", {"query": query})
        return (time.perf_counter() - started) * 1000


def visible_after(client: BlockingClient, root: Path, writes: int, seed: int) -> list[float]:
    """Milliseconds from the end of each write to the first answer with what was written, polled every millisecond."""
    chance = random.Random(seed)  # noqa: S311  # a sample is no secret
    paths = chance.choices(sorted(root.rglob("*.py")), k=writes)
    taken = []
    for turn, path in enumerate(paths):
        time.sleep(
            chance.uniform(0, LONGEST_PAUSE_BETWEEN_WRITES_S)
        )  # fall out of step with the hub's debounce
        name = f"written_in_turn_{turn:05}"  # of one length: none is a fuzzy match of another
        with path.open("a") as file:
            file.write(f"\n\ndef {name}():\n    pass\n")
        written = time.perf_counter()
        while not client.call("hub/symbols", {"query": name, "limit": 1})["symbols"]:
            if time.perf_counter() - written > LONGEST_VISIBLE_S:
                raise TimeoutError(f"{path} is not seen to have changed")
            time.sleep(0.001)  # what is timed is a client that asks again and again
        taken.append((time.perf_counter() - written) * 1000)
    return taken


def during_reindex(client: BlockingClient, root: Path, probes: Probes) -> dict[str, list[float]]:
    """Milliseconds of queries, by question, while every file changes and is indexed anew."""
    change = "find . -name '*.py' -size +0 -exec sed -i '$a# changed' {} +"
    waiting = f"{change} && exec {sys.executable} -m remora_hub sync --timeout 600"
    times: dict[str, list[float]] = {question: [] for question in QUESTIONS}
    turns = {question: cycle(requests) for question, requests in socket_requests(probes).items()}
    with subprocess.Popen(["sh", "-c", waiting], cwd=root, stdout=subprocess.DEVNULL) as indexing:
        for question in cycle(QUESTIONS):
            if indexing.poll() is not None:
                break
            times[question].append(timed_call(client, *next(turns[question]))[0])
            time.sleep(PAUSE_BETWEEN_QUERIES_S)  # as people ask, not as a load test does
    if indexing.returncode:
        raise subprocess.CalledProcessError(indexing.returncode, waiting)
    return times


def print_times(servers: dict[str, dict[str, Series]]) -> None:
    """A line for each question and server."""
    print(f"{'':12}{'':12}{'first':>10}{'p50':>10}{'p99':>10}{'again':>10}{'results':>10}")
    for question in QUESTIONS:
        for server, found in servers.items():
            one = found[question]
            again = statistics.median(one.second_pass)
            times = "".join(f"{taken:10.2f}" for taken in (one.first, one.p50, p99(one.first_pass), again))
            print(f"{question:12}{server:12}{times}{one.results:10g}")


def print_limits(rows: Sequence[tuple[str, float, float]]) -> None:
    """A line for each figure beside the most it may be."""
    for title, figure, limit in rows:
        print(f"{title:52}{figure:10.3f}   at most {limit:g}{'' if figure <= limit else '   MISSED'}")


def tell(stage: str) -> None:
    """Say on standard error what comes next: some of it takes minutes."""
    print(stage, file=sys.stderr)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="Time queries of the hub beside ty's.")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--count", type=int, default=200, help="names asked about")
    arguments.add_argument("--writes", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--state", type=Path, default=default_state(), help="where ty is installed")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        no_index = shutil.ignore_patterns(STATE_DIRECTORY)
        copied = shutil.copytree(given.directory, Path(scratch, "project"), symlinks=True, ignore=no_index)
        root = Path(copied).resolve()
        measure(
            root, Peers(given.state), Probes.draw(root, given.count, given.seed), given.writes, given.seed
        )


def measure(root: Path, peers: Peers, probes: Probes, writes: int, seed: int) -> None:
    """All of it on the project at ``root``, which is changed."""

    async def on(server: LanguageServer) -> dict[str, Series]:
        async with server:
            return await ask_server(server, probes)

    tell("indexing")
    with running_hub(root, root / STATE_DIRECTORY) as client:
        tell("asking the hub over its socket")
        hub = ask_socket(client, probes)
        tell("asking the hub through remora-hub lsp")
        through_lsp = asyncio.run(on(LanguageServer(LSP, root, {}, os.environ)))
        tell("asking ty")
        ty = asyncio.run(on(peers.server("ty", root)))
        tell("starting remora-hub lsp, writing files, indexing anew")
        starts = [asyncio.run(spawn_to_answer(root, probes.queries[0])) for _ in range(STARTS)]
        visible = visible_after(client, root, writes, seed)
        busy = during_reindex(client, root, probes)
    print_times({"hub socket": hub, "hub lsp": through_lsp, "ty": ty})
    print()
    limits = [
        ("symbols p50, as a part of ty's", hub["symbols"].p50 / ty["symbols"].p50, 0.1),
        ("symbols p50 through lsp, as a part of ty's", through_lsp["symbols"].p50 / ty["symbols"].p50, 0.1),
        ("references first, as a part of ty's", hub["references"].first / ty["references"].first, 0.1),
        ("definition p50, ms", hub["definition"].p50, 2),
        ("remora-hub lsp, spawn to first answer, ms", statistics.median(starts), 200),
        ("written to visible p50, ms", statistics.median(visible), 50),
        ("written to visible p99, ms", p99(visible), 150),
    ]
    limits += [
        (f"{question} p99 of {len(times)} during a re-index, ms", p99(times), 20)
        for question, times in busy.items()
    ]
    print_limits(limits)


if __name__ == "__main__":
    main()
