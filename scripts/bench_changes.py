"""Files change on disk: until one is visible, until a thousand are, and what queries take while all are indexed anew.

The hub is told nothing. Peers are told by their client, which knows what has changed the moment it has.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from bench_contenders import Contender, HubOnDisk, ready_server, rotated
from bench_plan import Bench, attempt
from bench_projects import Project, editors_view, reachable_ends
from bench_queries import AskedServer
from bench_results import HUB, Cell, Row, Samples
from peers_client import LanguageServer
from peers_timing import Probes
from process_memory import wait_until_resting

_POLL_S = 0.001
_LONGEST_PAUSE_S = 0.1
_LONGEST_VISIBLE_S = 30.0
_LONGEST_REST_S = 60.0
_LONGEST_REINDEX_S = 900.0
_BETWEEN_QUESTIONS_S = 0.002  # as people ask, not as a load test does
_QUESTIONS = ("symbols", "definition")


def measure_visible(bench: Bench, project: Project) -> list[Row]:
    """Rows ``visible_p50`` and ``visible_p99``: from the end of a write to the first answer that has it."""
    copy = bench.copy(project, "visible")
    samples = Samples()
    rounds = min(bench.plan.rounds, 2)  # each starts every server anew
    for turn in range(rounds):
        for contender in rotated(bench.servers(project), turn):
            taken = attempt(_visible_s(bench, copy, contender, turn, bench.plan.writes // rounds))
            for one in taken if isinstance(taken, list) else [taken]:
                samples.add("visible", contender.name, one)
    HubOnDisk(copy.root).stop()
    p50, p99 = samples.cells("visible", 1e3), samples.cells("visible", 1e3, Cell.p99)
    return [
        bench.row(project, "visible_p50", "file written to visible p50", "ms", p50),
        bench.row(project, "visible_p99", "file written to visible p99", "ms", p99),
    ]


async def start_at_rest(bench: Bench, project: Project, contender: Contender, server: LanguageServer) -> str:
    """Have a started server know the project and come to rest; the file that is open, which nobody must change."""
    symbol, opened = editors_view(project, bench.plan.seed)
    await ready_server(server, project.root, opened, symbol, bench.plan.longest_s)
    pids = [server.pid]
    if contender.name == HUB:
        hub = HubOnDisk(project.root)
        pids.append(hub.pid())
        await asyncio.to_thread(sync, hub)
    await asyncio.to_thread(wait_until_resting, pids, _LONGEST_REST_S)
    return opened


def sync(hub: HubOnDisk) -> None:
    """Wait until the index equals the disk."""
    with hub.client() as client:
        client.call("hub/sync", {"timeout_s": _LONGEST_REINDEX_S}, timeout_s=_LONGEST_REINDEX_S + 5)


async def _visible_s(
    bench: Bench, project: Project, contender: Contender, turn: int, writes: int
) -> list[float]:
    """Seconds from each write to the first answer with what was written; ``plan.budget_s`` ends a slow series."""
    chance = random.Random(f"{bench.plan.seed} {turn}")  # noqa: S311  # a sample is no secret
    taken: list[float] = []
    async with contender.start(project.root) as server:
        opened = await start_at_rest(bench, project, contender, server)
        paths = chance.choices([file for file in reachable_ends(project) if file != opened], k=writes)
        for number, path in enumerate(paths):
            if sum(taken) > bench.plan.budget_s:
                break
            await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE_S))  # out of step with anybody's debounce
            name = f"written_{contender.name}_{turn}_{number:05}"
            append_function(project.root / path, name)
            written = time.perf_counter()
            if contender.is_told:
                server.changed([path])
            await until_visible(server, name, _LONGEST_VISIBLE_S)
            taken.append(time.perf_counter() - written)
    return taken


def append_function(path: Path, name: str) -> None:
    """Define a function at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef {name}():\n    pass\n")


async def until_visible(
    server: LanguageServer, name: str, longest_s: float, *, is_gone: bool = False
) -> None:
    """Ask until the function ``name`` is found, or is found no more. Raises TimeoutError."""
    deadline = time.perf_counter() + longest_s
    while time.perf_counter() < deadline:
        found = await server.request("workspace/symbol", {"query": name}, timeout_s=longest_s)
        if any(one["name"] == name for one in found or ()) is not is_gone:
            return
        await asyncio.sleep(_POLL_S)
    raise TimeoutError("what was written is not visible in time")


def measure_reindex(bench: Bench, project: Project) -> list[Row]:
    """Rows ``reindex_symbols_p99`` and ``reindex_definition_p99``: every file changes, then questions are asked.

    The hub is asked until its index equals the disk again; the others for as long behind their being told.
    """
    copy = bench.copy(project, "reindex")
    probes = Probes.draw(copy.root, bench.plan.questions, bench.plan.seed)
    samples = Samples()
    asked_s = 0.0
    for contender in bench.servers(project):
        taken = attempt(_questions_meanwhile(bench, copy, contender, probes, asked_s, samples))
        if isinstance(taken, Cell):
            for question in _QUESTIONS:
                samples.add(question, contender.name, taken)
        elif contender.name == HUB:
            asked_s = taken
            samples.add("reindex", HUB, taken)
    HubOnDisk(copy.root).stop()
    title = "while all is indexed anew"
    rows = [
        bench.row(
            project, f"reindex_{one}_p99", f"{one} p99 {title}", "ms", samples.cells(one, 1e3, Cell.p99)
        )
        for one in _QUESTIONS
    ]
    return [
        *rows,
        bench.row(project, "reindex", "all files changed to indexed anew", "s", samples.cells("reindex")),
    ]


async def _questions_meanwhile(
    bench: Bench, project: Project, contender: Contender, probes: Probes, asked_s: float, samples: Samples
) -> float:
    """Ask and note how long answers take, until the hub is done or for ``asked_s``; for how many seconds that was."""
    async with contender.start(project.root) as server:
        opened = await start_at_rest(bench, project, contender, server)
        asked = AskedServer(server, probes, bench.plan.longest_s)
        paths = [file for file in project.files if file != opened]
        started = time.perf_counter()
        await asyncio.to_thread(_touch_all, project.root, paths, contender.name)
        if contender.is_told:
            server.changed(paths)
            done = asyncio.create_task(asyncio.sleep(asked_s))
        else:
            done = asyncio.create_task(asyncio.to_thread(sync, HubOnDisk(project.root)))
        counts = {"symbols": len(probes.queries), "definition": len(probes.names)}
        numbers = {question: cycle(range(count)) for question, count in counts.items()}
        for question in cycle(_QUESTIONS):
            taken_s = await asked.ask(question, next(numbers[question]))
            samples.add(question, contender.name, taken_s)
            if done.done() and question == _QUESTIONS[-1]:
                break  # each has been asked at least once
            await asyncio.sleep(_BETWEEN_QUESTIONS_S)
        await done
        return time.perf_counter() - started


def _touch_all(root: Path, paths: Sequence[str], word: str) -> None:
    """Add a line to every file: other bytes, the same code at the same places."""
    for path in paths:
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(f"\n# changed for {word}\n")
