"""What the hub is to reach, each as a ratio of two figures of one run, or as a figure by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from bench_results import BARE, HUB, Results
from bench_table import figure_text

PEER = "ty"
PREFERRED_PROJECT = "homeassistant"
"""The targets are about it; where a run leaves it out, they are shown for the first project it has."""


@dataclass(frozen=True, slots=True)
class Target:
    """``measured`` (a row's key) of the hub is to be at most ``factor`` times ``beside`` plus ``plus``.

    ``beside`` is a row's key and a contender; without it ``plus`` is the limit, in the row's unit.
    """

    title: str
    limit: str
    measured: str
    beside: tuple[str, str] | None = None
    factor: float = 0.0
    plus: float = 0.0


TARGETS: Sequence[Target] = (
    Target("first answer, nothing indexed", "1.5 x ty's", "first_cold", ("first_cold", PEER), 1.5),
    Target("first answer, index on disk, no daemon", "ty's", "first_warm", ("first_cold", PEER), 1.0),
    Target("first answer, daemon running", "a quarter of ty's", "first_running", ("first_cold", PEER), 0.25),
    Target("full index", "1.5 x bare parse", "full_index", ("full_index", BARE), 1.5),
    Target("restart to ready", "a fifteenth of the full index", "restart", ("full_index", HUB), 1 / 15),
    Target("workspace/symbol p50", "a twentieth of ty's", "symbols_p50", ("symbols_p50", PEER), 1 / 20),
    Target("references, first", "a fiftieth of ty's", "references_first", ("references_first", PEER), 1 / 50),
    Target("definition p50", "1 ms", "definition_p50", plus=1.0),
    Target("written to visible", "ty's when told", "visible_p50", ("visible_p50", PEER), 1.0),
    Target("symbols p99 during a full re-index", "10 ms", "reindex_symbols_p99", plus=10.0),
    Target("definition p99 during a full re-index", "10 ms", "reindex_definition_p99", plus=10.0),
    Target("memory after the same questions", "half of ty's", "memory_asked", ("memory_asked", PEER), 0.5),
    Target("index on disk", "the source's size", "disk", ("disk", BARE), 1.0),
    Target(
        "branch switch", "1.5 x bare parse + 200 ms", "branch_switch", ("branch_switch", BARE), 1.5, 200.0
    ),
)


def growth_targets(sizes: Sequence[int]) -> Iterator[Target]:
    """Of each size of the grown tree beside the one before it: a tenth more time a file, half as much more latency."""
    for small, large in pairwise(sizes):
        more = f"{small:,} to {large:,} files"
        factor = 1.1 * large / small
        index = (f"grown_index_{large}", (f"grown_index_{small}", HUB))
        yield Target(f"full index, {more}", f"{factor:g} x that of {small:,}", *index, factor)
        for question in ("symbols", "definition"):
            latency = (f"grown_{question}_{large}", (f"grown_{question}_{small}", HUB))
            yield Target(f"{question} p50, {more}", f"1.5 x that of {small:,}", *latency, 1.5)


def judge(results: Results, project: str, targets: Sequence[Target]) -> Iterator[dict[str, Any]]:
    """Each target with what was measured: ``measured``, ``beside``, ``ratio`` of the two, ``is_met``.

    Those are None where a figure is missing.
    """
    for target in targets:
        measured = results.figure(project, target.measured, HUB)
        beside = None if target.beside is None else results.figure(project, *target.beside)
        is_known = measured is not None and (target.beside is None or beside is not None)
        ratio = measured / beside if measured is not None and beside else None
        is_met = None
        if is_known and measured is not None:
            is_met = measured <= target.factor * (beside or 0.0) + target.plus
        yield {
            **asdict(target),
            "project": project,
            "hub": measured,
            "peer": beside,
            "ratio": ratio,
            "is_met": is_met,
        }


def print_targets(judged: Sequence[dict[str, Any]]) -> str:
    """A line for each target."""
    width = max((len(one["title"]) for one in judged), default=0) + 2
    lines = [f"{'target':{width}}{'hub':>10}{'beside':>10}{'ratio':>8}  {'at most':32}"]
    for one in judged:
        figures = "".join(
            f"{'-' if one[key] is None else figure_text(one[key]):>{columns}}"
            for key, columns in (("hub", 10), ("peer", 10), ("ratio", 8))
        )
        verdict = {True: "met", False: "MISSED", None: "not measured"}[one["is_met"]]
        lines.append(f"{one['title']:{width}}{figures}  {one['limit']:32}{verdict}")
    return "\n".join(lines)
