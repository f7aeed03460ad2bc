"""The hub under load: a hundred clients at once, and a burst of a hundred thousand changes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

from bench_changes import sync
from bench_contenders import HubOnDisk
from bench_plan import Bench, attempt
from bench_projects import Project
from bench_results import HUB, Cell, Row, Samples
from peers_timing import Probes
from process_memory import tree_pss_mb

from remora_hub.client.address import daemon_address
from remora_hub.wire import Call, encode_frame

_QUESTIONS_A_CLIENT = 20
_BURST_FILES = 1000
_LOOK_EVERY_S = 0.2
_ANSWER_END = b"\r\n\r\n"
_WRITER = """
import sys
root, files, changes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for change in range(changes):
    with open(f"{root}/burst_{change % files:04}.py", "w") as file:
        file.write(f"def burst_{change % files}_{change}():\\n    return {change}\\n" * 5)
"""


def measure_clients(bench: Bench, project: Project) -> list[Row]:
    """Rows for so many clients that each ask one question behind the other: latency, and answers in a second."""
    hub = HubOnDisk(project.root)
    hub.start()
    probes = Probes.draw(project.root, bench.plan.questions, bench.plan.seed)
    samples = Samples()
    for _ in range(bench.plan.rounds):
        started = time.perf_counter()
        taken = attempt(_ask_at_once(hub, probes, bench.plan.clients))
        if isinstance(taken, Cell):
            samples.add("clients", HUB, taken)
            samples.add("rate", HUB, taken)
            break
        samples.add("rate", HUB, len(taken) / (time.perf_counter() - started))
        for one in taken:
            samples.add("clients", HUB, one)
    hub.stop()
    for peer in (one.name for one in bench.contenders if one.name != HUB):
        samples.add("clients", peer, Cell.failed("serves one client alone"))
        samples.add("rate", peer, Cell.failed("serves one client alone"))
    title = f"{bench.plan.clients} clients at once, symbols"
    return [
        bench.row(project, "clients_p50", f"{title} p50", "ms", samples.cells("clients", 1e3)),
        bench.row(project, "clients_p99", f"{title} p99", "ms", samples.cells("clients", 1e3, Cell.p99)),
        bench.row(
            project, "clients_rate", f"{title}, answers", "1/s", samples.cells("rate"), is_more_better=True
        ),
    ]


async def _ask_at_once(hub: HubOnDisk, probes: Probes, clients: int) -> list[float]:
    """Seconds of every answer. All connect before the first question."""
    address = daemon_address(hub.paths)
    connections = [await asyncio.open_unix_connection(address) for _ in range(clients)]
    try:
        series = await asyncio.gather(
            *(
                _ask(
                    reader, writer, list(islice(cycle(probes.queries), number, number + _QUESTIONS_A_CLIENT))
                )
                for number, (reader, writer) in enumerate(connections)
            )
        )
        return [taken for one in series for taken in one]
    finally:
        for _, writer in connections:
            writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, queries: list[str]) -> list[float]:
    """The answers are read and thrown away: the clients share the machine with the hub."""
    taken = []
    for number, query in enumerate(queries):
        started = time.perf_counter()
        writer.write(encode_frame(Call("hub/symbols", {"query": query, "limit": 50}, number)))
        header = await reader.readuntil(_ANSWER_END)
        await reader.readexactly(int(header.lower().split(b"content-length:")[1].split()[0]))
        taken.append(time.perf_counter() - started)
    return taken


def measure_burst(bench: Bench, project: Project) -> list[Row]:
    """Rows for ``plan.burst_changes`` writes to a thousand files as fast as one process writes, beside the project."""
    copy = bench.copy(project, "burst")
    hub = HubOnDisk(copy.root)
    hub.start()
    samples = Samples()
    changes = bench.plan.burst_changes
    pid = hub.pid()
    before_mb = tree_pss_mb([pid])
    started = time.perf_counter()
    most_mb = _write_and_watch(copy.root, changes, pid)
    written = time.perf_counter()
    sync(hub)
    ended = time.perf_counter()
    with hub.client() as client:
        last = f"burst_{(changes - 1) % _BURST_FILES}_{changes - 1}"
        is_seen = bool(client.call("hub/symbols", {"query": last, "limit": 1})["symbols"])
        queue = client.call("hub/status")["queue"]
    hub.stop()
    if not is_seen:
        samples.add("rate", HUB, Cell.failed("the last change is not in the index"))
    figures = {
        "rate": changes / (ended - started),
        "behind": ended - written,
        "memory": most_mb,
        "growth": most_mb - before_mb,
        "depth": queue["high_water"],
    }
    for key, figure in figures.items():
        samples.add(key, HUB, figure)
    title = f"burst of {changes:,} changes"
    return [
        bench.row(
            project, "burst_rate", f"{title}, changes", "1/s", samples.cells("rate"), is_more_better=True
        ),
        bench.row(project, "burst_behind", f"{title}, last write to visible", "s", samples.cells("behind")),
        bench.row(project, "burst_memory", f"{title}, most memory (PSS)", "MB", samples.cells("memory")),
        bench.row(project, "burst_growth", f"{title}, more than before it", "MB", samples.cells("growth")),
        bench.row(project, "burst_depth", f"{title}, deepest queue", "paths", samples.cells("depth")),
    ]


def _write_and_watch(root: Path, changes: int, pid: int) -> float:
    """Have another process write; the most memory that the hub's processes held meanwhile, in MB."""
    directory = root / "burst"
    directory.mkdir()
    command = [sys.executable, "-c", _WRITER, str(directory), str(_BURST_FILES), str(changes)]
    most_mb = tree_pss_mb([pid])
    with subprocess.Popen(command) as writer:
        while writer.poll() is None:
            most_mb = max(most_mb, tree_pss_mb([pid]))
            with suppress(subprocess.TimeoutExpired):
                writer.wait(_LOOK_EVERY_S)
    return max(most_mb, tree_pss_mb([pid]))
