"""The memory behind one editor: after questions that are the same for everybody, and before them.

Who keeps an index has read everything before the first question, who looks when asked next to nothing. What they hold
can be compared when they have answered the same.
"""

from __future__ import annotations

import asyncio
import time
from itertools import zip_longest

import psutil
from bench_changes import sync
from bench_contenders import Contender, HubOnDisk, ready_server
from bench_plan import Bench, Plan, attempt
from bench_projects import Project, editors_view
from bench_queries import AskedServer
from bench_results import HUB, Row, Samples
from peers_client import LanguageServer
from peers_timing import QUESTIONS, Probes
from process_memory import tree_pss_mb, wait_until_resting

_QUESTIONS = 20  # of each kind
_LONGEST_REST_S = 60.0


def measure_memory(bench: Bench, project: Project) -> list[Row]:
    """Rows ``memory_asked`` and ``memory_idle``: PSS of the process tree behind one editor, at rest both times.

    First, for the second row, when a server has answered the search that shows that it is there; then after a few
    questions of each kind, in one order for everybody.
    """
    count = min(bench.plan.questions, _QUESTIONS)
    probes = Probes.draw(project.root, count, bench.plan.seed, references_share=1)
    hub = HubOnDisk(project.root)
    samples = Samples()
    for contender in bench.servers(project):
        hub.forget()
        taken_mb: list[float] = []
        failed = attempt(_measure(bench.plan, project, contender, probes, taken_mb))
        for key, figure in zip_longest(("memory_idle", "memory_asked"), taken_mb, fillvalue=failed):
            samples.add(key, contender.name, figure)
    hub.forget()
    asked = f"memory (PSS) after the same {len(_questions(probes))} questions to all"
    idle = "memory (PSS) before them, one search asked"
    return [
        bench.row(project, "memory_asked", asked, "MB", samples.cells("memory_asked")),
        bench.row(project, "memory_idle", idle, "MB", samples.cells("memory_idle")),
    ]


async def _measure(
    plan: Plan, project: Project, contender: Contender, probes: Probes, taken_mb: list[float]
) -> None:
    """Add the memory before the questions and behind them."""
    symbol, opened = editors_view(project, plan.seed)
    async with contender.start(project.root) as server:
        await ready_server(server, project.root, opened, symbol, plan.longest_s)
        taken_mb.append(await _resting_mb(contender, server, project))
        await _ask_all(plan, server, probes, opened)
        taken_mb.append(await _resting_mb(contender, server, project))


async def _ask_all(plan: Plan, server: LanguageServer, probes: Probes, opened: str) -> None:
    """Ask; a file is open while it is asked about. Raises TimeoutError behind ``plan.budget_s``."""
    asked = AskedServer(server, probes, plan.longest_s)
    spent_s = 0.0
    for question, number, path in _questions(probes):
        is_to_open = path is not None and path != opened
        if is_to_open:
            server.open(path)
        spent_s += await asked.ask(question, number)
        if is_to_open:
            server.close(path)
        if spent_s > plan.budget_s:
            raise TimeoutError(f"the questions take over {plan.budget_s:g} s")


def _questions(probes: Probes) -> list[tuple[str, int, str | None]]:
    """Kind and number of every question, and the file it is about."""
    about: dict[str, list[str | None]] = {
        "symbols": [None for _ in probes.queries],
        "definition": [name.path for name in probes.names],
        "references": [symbol.path for symbol in probes.symbols],
    }
    return [(kind, number, path) for kind in QUESTIONS for number, path in enumerate(about[kind])]


async def _resting_mb(contender: Contender, server: LanguageServer, project: Project) -> float:
    """The memory once everything rests; of the hub that of proxy and daemon, its lanes gone."""
    pids = [server.pid]
    if contender.name == HUB:
        hub = HubOnDisk(project.root)
        pids.append(hub.pid())
        await asyncio.to_thread(sync, hub)
        await asyncio.to_thread(_wait_for_lanes_to_end, psutil.Process(pids[-1]))
    await asyncio.to_thread(wait_until_resting, pids, _LONGEST_REST_S)
    return tree_pss_mb(pids)


def _wait_for_lanes_to_end(daemon: psutil.Process) -> None:
    """They end after ``index.lane_idle_s``; a hub with nothing to do has none."""
    deadline = time.monotonic() + _LONGEST_REST_S
    while daemon.children() and time.monotonic() < deadline:
        time.sleep(0.1)  # between two looks: the end of another's children is announced to their parent alone
