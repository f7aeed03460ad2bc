"""Measures the hub beside what a user would pick instead, on the same real code, all in one run.

Every claim is a ratio of two figures of this run; absolute times say little on a shared machine. Contenders take turns,
each round beginning with another one, and figures are medians. The user's caches are the run's own, and empty where
"nothing indexed" is measured. Peers are set up as their documentation says, at the versions in ``peers.SERVERS``, see
the same files in an environment without packages, and are told of changed files by their client, as LSP has it.
A question's time runs from the write of the request to the last byte of the answer, which is decoded behind the clock.
Warm-up: before anything is timed, every file has been read, the hub has indexed and every server has been started once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from bare_parse import parse_files
from bench_changes import measure_reindex, measure_visible
from bench_chart import draw_chart
from bench_contenders import FAILURES, Contender, HubOnDisk, failure_of, hub_contender, peer_contenders
from bench_ctags import Ctags, NoCtagsError, find_ctags
from bench_first_answer import measure_first_answers
from bench_growth import measure_growth
from bench_index import measure_index
from bench_load import measure_burst, measure_clients
from bench_memory import measure_memory
from bench_plan import FULL, QUICK, Bench, Plan, attempt, attempt_call
from bench_projects import PROJECTS, Project, origin_of
from bench_queries import measure_queries
from bench_results import CTAGS, HUB, Cell, Results, Row
from bench_switch import measure_switch
from bench_table import print_table
from bench_targets import PREFERRED_PROJECT, TARGETS, growth_targets, judge, print_targets
from peers import SERVERS, Peers

MEASURES: dict[str, Callable[[Bench, Project], list[Row]]] = {
    "first": measure_first_answers,
    "index": measure_index,
    "memory": measure_memory,
    "queries": measure_queries,
    "visible": measure_visible,
    "reindex": measure_reindex,
    "switch": measure_switch,
    "clients": measure_clients,
    "burst": measure_burst,
    "growth": measure_growth,
}
_ORPHANS_END_S = 600
_OF_ONE_PROJECT = ("clients", "burst", "growth")
"""They say how the hub bears load, not how projects differ: they are measured on the project of the targets."""


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure the hub beside its peers.")
    parser.add_argument(
        "--quick", action="store_true", help="Django alone, fewer rounds, smaller trees: minutes"
    )
    parser.add_argument(
        "--only", action="append", choices=MEASURES, help="this measure alone; may be repeated"
    )
    parser.add_argument(
        "--peers", default=",".join((*SERVERS, CTAGS)), help="some of them, or none: %(default)s"
    )
    parser.add_argument("--projects", help=f"some of {','.join(PROJECTS)}, or directories")
    parser.add_argument(
        "--state",
        type=Path,
        required=True,
        help="keeps wheels, peers, results (default: in the user's cache)",
    )
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--questions", type=int, help="of each kind")
    parser.add_argument("--writes", type=int, help="that are waited for, one by one")
    parser.add_argument("--burst-changes", type=int)
    parser.add_argument("--clients", type=int)
    parser.add_argument(
        "--sizes", type=lambda text: tuple(map(int, text.split(","))), help="of the grown tree"
    )
    parser.add_argument("--seed", type=int)
    given = parser.parse_args(arguments)
    given.peers = [name for name in given.peers.split(",") if name not in ("", "none")]
    if unknown := set(given.peers) - {*SERVERS, CTAGS}:
        parser.error(f"no such peers: {', '.join(sorted(unknown))}")
    given.projects = (
        given.projects.split(",") if given.projects else ["django"] if given.quick else [*PROJECTS]
    )
    return given


def plan_of(given: argparse.Namespace) -> Plan:
    """The plan that the options choose and change."""
    changes = {
        name: value
        for name in ("rounds", "questions", "writes", "burst_changes", "clients", "sizes", "seed")
        if (value := getattr(given, name)) is not None
    }
    return replace(QUICK if given.quick else FULL, processes=len(os.sched_getaffinity(0)), **changes)


def main() -> int:
    """Measure, print, write."""
    given = options()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # as Ctrl-C: what is half done is removed
    state = given.state.resolve()
    started = dt.datetime.now(dt.UTC)
    written = state / "runs" / started.strftime("%Y%m%dT%H%M%SZ")
    written.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="remora-bench-") as directory:
        scratch = Path(directory).resolve()
        keep_to(scratch)
        peers = Peers(state)
        bench = gather(plan_of(given), peers, given.peers, scratch)
        results = Results(facts(bench, started))
        names = {Path(name).name: name for name in given.projects}
        about = PREFERRED_PROJECT if PREFERRED_PROJECT in names else next(iter(names))
        for short, name in names.items():
            try:
                project = Project.copied(short, origin_of(name, peers), scratch / "projects" / short)
            except FAILURES as error:
                results.rows.append(not_measured(short, "project", error))
                continue
            warm_up(bench, project)
            wanted = [one for one in given.only or MEASURES if short == about or one not in _OF_ONE_PROJECT]
            for measure in wanted:
                results.rows += rows_of(bench, project, measure)
                write(results, written, about)
            shutil.rmtree(project.root)
        write(results, written, about)
    print(report(results, about))
    print(f"\nWritten to {written}: bench.txt, bench.json, bench.svg")
    return 0


def keep_to(scratch: Path) -> None:
    """Have everything this run starts keep its cache, configuration and sockets below ``scratch``.

    Should the run be killed, its daemons end by themselves.
    """
    for variable, name in (
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_RUNTIME_DIR", "run"),
    ):
        directory = scratch / name
        directory.mkdir(mode=0o700)
        os.environ[variable] = str(directory)
    os.environ["REMORA_HUB_DAEMON__IDLE_EXIT_S"] = str(_ORPHANS_END_S)


def gather(plan: Plan, peers: Peers, names: Sequence[str], scratch: Path) -> Bench:
    """The contenders that can be had, installed."""
    contenders, missing = peer_contenders(peers, [name for name in names if name != CTAGS])
    ctags: Ctags | None = None
    if CTAGS in names:
        try:
            ctags = find_ctags(peers.state)
        except NoCtagsError as error:
            missing[CTAGS] = str(error)
    return Bench(plan, [hub_contender(), *contenders], ctags, missing, scratch)


def warm_up(bench: Bench, project: Project) -> None:
    """Read every file, index it once, start every server once. Whoever does not start is asked nothing about it."""
    parse_files(project.paths)
    indexed = attempt_call(HubOnDisk(project.root).index)
    if isinstance(indexed, Cell):
        bench.drop(project, HUB, indexed)
    for contender in bench.servers(project):
        failed = attempt(_start_and_end(contender, project.root))
        if failed is not None:
            bench.drop(project, contender.name, failed)
    HubOnDisk(project.root).forget()


async def _start_and_end(contender: Contender, root: Path) -> None:
    async with contender.start(root):
        pass


def rows_of(bench: Bench, project: Project, measure: str) -> list[Row]:
    """The rows of one measure. One that fails as a whole has a row that says so."""
    started = time.monotonic()
    print(f"{project.name}: {measure}", end="", file=sys.stderr, flush=True)
    try:
        return MEASURES[measure](bench, project)
    except FAILURES as error:
        return [not_measured(project.name, measure, error)]
    finally:
        print(f" {time.monotonic() - started:.0f} s", file=sys.stderr)


def not_measured(project: str, what: str, error: BaseException) -> Row:
    """The row of what could not be measured at all."""
    return Row(project, what, f"{what}: not measured", "", {HUB: failure_of(error)})


def facts(bench: Bench, started: dt.datetime) -> dict[str, object]:
    """What was measured, where and how."""
    hub = {name: version(name) for name in ("remora-hub", "tree-sitter", "tree-sitter-python")}
    others = {one.name: SERVERS[one.name] for one in bench.contenders if one.name != HUB}
    return {
        "started": started.isoformat(timespec="seconds"),
        "versions": hub | others | ({CTAGS: bench.ctags.version} if bench.ctags else {}),
        "missing": dict(bench.missing),
        "python": sys.version,
        "machine": {
            "platform": platform.platform(),
            "processors": bench.plan.processes,
            "load_at_start": os.getloadavg()[0],
        },
        "method": __doc__,
        "plan": asdict(bench.plan),
    }


def judged(results: Results, about: str) -> list[dict[str, object]]:
    """The targets that this run has figures for or should have."""
    plan = results.facts["plan"]
    measured = {row.key for row in results.rows if row.project == about}
    targets = [one for one in (*TARGETS, *growth_targets(plan["sizes"])) if one.measured in measured]
    return list(judge(results, about, targets))


def report(results: Results, about: str) -> str:
    """The table of figures and the table of targets."""
    targets = print_targets(judged(results, about))
    return f"{print_table(results)}\n\nTargets, on {about}, of this run\n{targets}"


def write(results: Results, directory: Path, about: str) -> None:
    """Write all there is so far: a run that is interrupted has what it measured."""
    (directory / "bench.txt").write_text(report(results, about) + "\n", encoding="utf-8")
    (directory / "bench.svg").write_text(draw_chart(results), encoding="utf-8")
    results.write_json(directory / "bench.json", judged(results, about))


if __name__ == "__main__":
    sys.exit(main())
