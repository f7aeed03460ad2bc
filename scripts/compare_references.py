"""Compares the references the hub finds with those of two other language servers, on real projects.

Recall is the share of the places both peers name that the hub names too; precision the share of the hub's places that
at least one peer names. Declarations are included, as each server has them. The first columns count what the hub is
certain of, the second also its candidates.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import OTHER_PROJECTS, PROJECTS, SERVERS, Peers, default_state
from peers_client import Place
from peers_hub import ask_hub, places
from peers_truth import Asked, Sample, ask_peers


@dataclass(slots=True)
class Score:
    """Counts of places over the symbols of one kind."""

    shared: int = 0
    shared_found: int = 0
    found: int = 0
    found_backed: int = 0

    def add(self, shared: set[Place], either: set[Place], found: set[Place]) -> None:
        """Count one symbol: what both peers name, what at least one names, what the hub names."""
        self.shared += len(shared)
        self.shared_found += len(shared & found)
        self.found += len(found)
        self.found_backed += len(either & found)

    @property
    def recall(self) -> float:
        """In per cent."""
        return 100 * self.shared_found / max(self.shared, 1)

    @property
    def precision(self) -> float:
        """In per cent."""
        return 100 * self.found_backed / max(self.found, 1)


@dataclass(slots=True)
class Kind:
    """The symbols of one kind: with what is certain, and with all that the hub names."""

    symbols: int = 0
    failed: int = 0
    certain: Score = field(default_factory=Score)
    every: Score = field(default_factory=Score)
    differences: list[str] = field(default_factory=list)

    def add(self, asked: Asked, found: list[dict[str, Any]]) -> None:
        """Count one symbol; ``found`` is the hub's answer."""
        self.symbols += 1
        answers = [_inside(answer) for answer in asked.answers.values() if answer]
        if len(answers) < len(asked.answers):
            self.failed += 1
            return
        shared, either = set.intersection(*answers), set.union(*answers)
        every = set(places(found))
        certain = set(places([one for one in found if one["certain"]]))
        self.certain.add(shared, either, certain)
        self.every.add(shared, either, every)
        if missing := shared - every:
            self.differences.append(_difference("missing", asked, missing))
        if surplus := certain - either:
            self.differences.append(_difference("surplus", asked, surplus))


def _inside(answer: Iterable[Place]) -> set[Place]:
    return {place for place in answer if place.path is not None}


def _difference(title: str, asked: Asked, differing: set[Place]) -> str:
    name = asked.name
    listed = " ".join(f"{place.path}:{place.line}" for place in sorted(differing)[:4])
    symbol = f"{asked.project}/{name.path}:{name.line} {name.name} ({name.binding})"
    return f"{title} {len(differing)} of {symbol}\n    {listed}"


def print_table(kinds: dict[str, Kind]) -> None:
    """One line for each kind of symbol, then for all."""
    print(f"{'':14}{'':8}{'':8}{'certain':>22}{'with candidates':>24}")
    print(
        f"{'':14}{'symbols':>8}{'failed':>8}" + f"{'recall %':>12}{'precision %':>12}" * 2 + f"{'places':>9}"
    )
    every = Kind()
    for kind in kinds.values():
        every.symbols += kind.symbols
        every.failed += kind.failed
    for score in ("certain", "every"):
        for column in ("shared", "shared_found", "found", "found_backed"):
            total = sum(getattr(getattr(kind, score), column) for kind in kinds.values())
            setattr(getattr(every, score), column, total)
    for title, kind in [*kinds.items(), ("all", every)]:
        scores = "".join(f"{one.recall:12.1f}{one.precision:12.1f}" for one in (kind.certain, kind.every))
        print(f"{title:14}{kind.symbols:8}{kind.failed:8}{scores}{kind.every.shared:9}")


def main() -> None:
    """Ask, compare and print."""
    arguments = argparse.ArgumentParser(description="Compare references with other language servers'.")
    arguments.add_argument("--projects", nargs="+", default=PROJECTS, help="name==version, or 'other'")
    arguments.add_argument("--peers", nargs=2, choices=SERVERS, default=("basedpyright", "ty"))
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--show", type=int, default=0, help="so many differences of each kind")
    arguments.add_argument(
        "--state", type=Path, default=default_state(), help="peers, projects, their answers"
    )
    given = arguments.parse_args()
    projects = OTHER_PROJECTS if given.projects == ["other"] else tuple(given.projects)
    peers = Peers(given.state)
    asked = ask_peers(peers, Sample("references", projects, tuple(given.peers), given.count, given.seed))
    kinds: defaultdict[str, Kind] = defaultdict(Kind)
    for one, found in ask_hub(peers, "references", asked):
        kinds[one.name.binding].add(one, found)
    for kind in kinds.values():
        for difference in kind.differences[: given.show]:
            print(difference)
    print_table(kinds)


if __name__ == "__main__":
    main()
