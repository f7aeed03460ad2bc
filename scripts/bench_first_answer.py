"""From the spawn of a server to its first right answer: with nothing indexed, with an index on disk, with a daemon."""

from __future__ import annotations

import time
from pathlib import Path

from bench_contenders import Contender, HubOnDisk, ready_server, rotated
from bench_plan import Bench, attempt
from bench_projects import Project, file_to_open, only_classes
from bench_results import HUB, Cell, Row, Samples
from peers_sample import Name

_TITLES = {
    "first_cold": "first answer, nothing indexed",
    "first_warm": "first answer, index on disk",
    "first_running": "first answer, daemon running",
}


def measure_first_answers(bench: Bench, project: Project) -> list[Row]:
    """The rows of ``_TITLES``. Another class is asked for in every round; all begin without index and caches."""
    hub = HubOnDisk(project.root)
    symbols = only_classes(project, bench.plan.rounds, bench.plan.seed)
    opened = file_to_open(project, symbols)
    samples = Samples()
    for turn, symbol in enumerate(symbols):
        for contender in rotated(bench.servers(project), turn):
            hub.forget()
            taken = attempt(spawn_to_answer(contender, project.root, opened, symbol, bench.plan.longest_s))
            samples.add("first_cold", contender.name, taken)
            if isinstance(taken, Cell):
                bench.drop(project, contender.name, taken)
        hub.forget()
        hub.start()  # the index is one that a daemon has left, as an editor's is
        hub.stop()
        for key in ("first_warm", "first_running"):  # the first of the two starts the daemon and leaves it
            taken = attempt(spawn_to_answer(bench.hub, project.root, opened, symbol, bench.plan.longest_s))
            samples.add(key, HUB, taken)
        hub.stop()
        bench.index_ctags(project.root, "first_cold", samples)  # the look itself is lost in that
        bench.look_up_ctags(symbol.name, "first_warm", samples)
    for peer in (one.name for one in bench.contenders if one.name != HUB):
        samples.add("first_warm", peer, Cell.failed("keeps no index on disk"))
        samples.add("first_running", peer, Cell.failed("serves one client alone"))
    return [bench.row(project, key, title, "ms", samples.cells(key, 1e3)) for key, title in _TITLES.items()]


async def spawn_to_answer(
    contender: Contender, root: Path, opened: str, symbol: Name, longest_s: float
) -> float:
    """Seconds from starting the server to the first answer that has the symbol."""
    started = time.perf_counter()
    async with contender.start(root) as server:
        await ready_server(server, root, opened, symbol, longest_s)
        return time.perf_counter() - started
