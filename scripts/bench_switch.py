"""A branch switch of a thousand files: from the prompt that ``git checkout`` gives back until everybody sees them."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from bare_parse import bare_parse_s
from bench_changes import append_function, start_at_rest, until_visible
from bench_contenders import Contender, HubOnDisk
from bench_plan import Bench, Plan, attempt
from bench_projects import Project, editors_view, reachable_ends
from bench_results import BARE, HUB, Cell, Row, Samples
from peers_client import LanguageServer

from remora_hub.client.blocking import BlockingClient

_MAIN = "main"
_WATCHED = 25  # of the switched files, asked for by name
_POLL_S = 0.05
_LONGEST_S = 120.0


def measure_switch(bench: Bench, project: Project) -> list[Row]:
    """Rows ``branch_switch`` (to bytes never seen) and ``branch_back`` (to bytes seen before)."""
    samples = Samples()
    copy = bench.copy(project, "switch")
    files = switched_files(copy, bench.plan)
    if shutil.which("git") is None:
        samples.add("branch_switch", HUB, Cell.failed("git is not on PATH"))
    elif files:
        _measure(bench, copy, files, samples)
    else:
        samples.add("branch_switch", HUB, Cell.failed("the project has too few files"))
    title = f"branch switch of {len(files):,} files"
    return [
        bench.row(project, "branch_switch", title, "ms", samples.cells("branch_switch", 1e3)),
        bench.row(project, "branch_back", "the same, back again", "ms", samples.cells("branch_back", 1e3)),
    ]


def switched_files(project: Project, plan: Plan) -> list[str]:
    """Those that differ between branches: as many as planned, or half of a small project, but not the open one."""
    _, opened = editors_view(project, plan.seed)
    files = [file for file in reachable_ends(project) if file != opened]
    count = min(plan.switched_files, len(files) // 2)
    return random.Random(plan.seed).sample(files, count)  # noqa: S311  # a sample is no secret


def _measure(bench: Bench, project: Project, files: Sequence[str], samples: Samples) -> None:
    branches = [f"switched_{turn}" for turn in range(bench.plan.rounds)]
    make_branches(project.root, branches, files)
    for branch in branches:
        git(project.root, "checkout", "--quiet", branch)
        paths = [project.root / file for file in files]
        samples.add("branch_switch", BARE, bare_parse_s(paths, bench.plan.processes))
    for contender in bench.servers(project):
        git(project.root, "checkout", "--quiet", _MAIN)
        failed = attempt(_switch(bench, project, contender, branches, files, samples))
        if failed is not None:
            samples.add("branch_switch", contender.name, failed)
            samples.add("branch_back", contender.name, failed)
    HubOnDisk(project.root).stop()


def make_branches(root: Path, branches: Sequence[str], files: Sequence[str]) -> None:
    """A repository in which each of ``files`` defines another function on each branch; ``main`` is checked out."""
    git(root, "init", "--quiet", f"--initial-branch={_MAIN}")
    git(root, "add", "--all", "--force", ".")
    git(root, "commit", "--quiet", "--message=all")
    for branch in branches:
        git(root, "checkout", "--quiet", "-b", branch, _MAIN)
        for number, file in enumerate(files):
            append_function(root / file, marker(branch, number))
        git(root, "commit", "--quiet", "--all", f"--message={branch}")
        git(root, "checkout", "--quiet", _MAIN)


def marker(branch: str, number: int) -> str:
    """The function that a file defines on a branch."""
    return f"{branch}_file_{number:04}"


def git(root: Path, *arguments: str) -> None:
    """Run git. Raises CalledProcessError."""
    author = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")
    subprocess.run(["git", *author, *arguments], cwd=root, check=True, capture_output=True)


async def _switch(
    bench: Bench,
    project: Project,
    contender: Contender,
    branches: Sequence[str],
    files: Sequence[str],
    samples: Samples,
) -> None:
    """Switch to each of ``branches`` and back again, but for no longer than ``plan.budget_s`` or a single time."""
    step = max(1, len(files) // _WATCHED)
    async with contender.start(project.root) as server:
        await start_at_rest(bench, project, contender, server)
        spent_s = 0.0
        for branch in branches:
            if spent_s > bench.plan.budget_s:
                break
            names = [marker(branch, number) for number in range(0, len(files), step)]
            for key, to in (("branch_switch", branch), ("branch_back", _MAIN)):
                taken_s = await _one_switch_s(contender, server, project.root, to, names, files)
                samples.add(key, contender.name, taken_s)
                spent_s += taken_s


async def _one_switch_s(
    contender: Contender,
    server: LanguageServer,
    root: Path,
    branch: str,
    names: Sequence[str],
    files: Sequence[str],
) -> float:
    """Seconds from the end of ``git checkout`` until every one of ``names`` is found, or, on main, gone."""
    before = _feed_position(root) if contender.name == HUB else None
    await asyncio.to_thread(git, root, "checkout", "--quiet", branch)
    started = time.perf_counter()
    if contender.is_told:
        server.changed(files)
    if before is not None:
        await asyncio.to_thread(_wait_until_indexed, root, before, len(files))
    for name in names:
        left_s = _LONGEST_S - (time.perf_counter() - started)
        await until_visible(server, name, left_s, is_gone=branch == _MAIN)
    return time.perf_counter() - started


def _feed_position(root: Path) -> dict[str, object]:
    """Where the hub's feed of changes stands."""
    with HubOnDisk(root).client() as client:
        status = client.call("hub/status")
    return {"since": status["sequence"], "index_id": status["index_id"]}


def _wait_until_indexed(root: Path, before: dict[str, object], count: int) -> None:
    """Return once ``count`` files have changed in the index, not only those that are asked for."""
    deadline = time.perf_counter() + _LONGEST_S
    with HubOnDisk(root).client() as client:
        # To count reads every commit since then: done again and again, that is what would be timed.
        while client.call("hub/status")["pending"] or _indexed(client, before) < count:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"not all files of a switch are indexed in {_LONGEST_S:g} s")
            time.sleep(_POLL_S)  # who does not subscribe is told nothing; adds that much at most


def _indexed(client: BlockingClient, before: dict[str, object]) -> int:
    return int(client.call("hub/counts", before)["counts"]["indexed"])
