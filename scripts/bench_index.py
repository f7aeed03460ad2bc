"""Indexing everything: time beside bare parsing, a restart, the size on disk."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from bare_parse import bare_parse_s
from bench_contenders import HubOnDisk
from bench_plan import Bench
from bench_projects import Project
from bench_results import BARE, CTAGS, HUB, Cell, Row, Samples
from peers_hub import HUB as HUB_COMMAND

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import NotRunningError

_POLL_S = 0.002
_LONGEST_RESTART_S = 300.0


def measure_index(bench: Bench, project: Project) -> list[Row]:
    """Rows ``full_index``, ``restart`` (a daemon's, to ready) and ``disk``; each round one after the other."""
    hub = HubOnDisk(project.root)
    samples = Samples()
    for _ in range(bench.plan.rounds):
        samples.add("full_index", BARE, bare_parse_s(project.paths, bench.plan.processes))
        bench.index_ctags(project.root, "full_index", samples)
        hub.forget()
        started = time.perf_counter()
        hub.index()
        samples.add("full_index", HUB, time.perf_counter() - started)
        samples.add("restart", HUB, restart_s(hub))
        samples.add("disk", HUB, _size_mb(hub.paths.state_dir))
    samples.add("disk", BARE, project.source_bytes / 1e6)
    if bench.tags.exists():
        samples.add("disk", CTAGS, bench.tags.stat().st_size / 1e6)
    for peer in (one.name for one in bench.contenders if one.name != HUB):
        samples.add("full_index", peer, Cell.failed("has no index to make as a whole"))
        samples.add("disk", peer, Cell.failed("keeps no index on disk"))
    kept_mb = _size_mb(Path(os.environ["XDG_CACHE_HOME"], "remora-hub"))
    return [
        bench.row(project, "full_index", "full index", "s", samples.cells("full_index")),
        bench.row(project, "restart", "restart to ready, nothing changed", "s", samples.cells("restart")),
        bench.row(project, "disk", "index on disk (bare parse: source)", "MB", samples.cells("disk")),
        bench.row(project, "cache", "user's cache behind it", "MB", {HUB: Cell.median([kept_mb])}),
    ]


def restart_s(hub: HubOnDisk) -> float:
    """Seconds from the spawn of a daemon to ``ready``: all on disk has been compared with the index."""
    started = time.perf_counter()
    command = [*HUB_COMMAND, "run", str(hub.root)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        try:
            with _connected(hub) as client:
                while client.call("hub/status")["state"] != "ready":
                    time.sleep(_POLL_S)  # nothing announces it to who does not subscribe; adds 2 ms at most
            return time.perf_counter() - started
        finally:
            daemon.terminate()


def _connected(hub: HubOnDisk) -> BlockingClient:
    deadline = time.monotonic() + _LONGEST_RESTART_S
    while True:
        try:
            return hub.client()
        except NotRunningError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)  # nothing announces that the socket is there


def _size_mb(directory: Path) -> float:
    """The files below ``directory``, its database and log; 0 where there is none."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 1e6
