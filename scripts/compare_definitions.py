"""Compares where the hub says names are defined with where another language server says it, on real projects.

The hub agrees if its first answer is on the line of one of the peer's; where all of the peer's lie outside the root
(the standard library, builtins), if it names no place for certain; where some do, also if it names the import. A name
that the peer knows nothing about is not counted, but shown ("silent"). Wrong is an answer of the hub marked as certain
that does not agree.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import OTHER_PROJECTS, PROJECTS, SERVERS, Peers, default_state
from peers_client import Place
from peers_hub import ask_hub, places
from peers_sample import BINDINGS, Name
from peers_truth import Asked, Sample, ask_peers

NEAR = ("local", "imported", "self")
"""What can be decided without types."""
MOST_SHOWN = 3


@dataclass(slots=True)
class Tally:
    """Counts of one kind of binding."""

    asked: int = 0
    silent: int = 0
    agreed: int = 0
    wrong: int = 0
    unsure: int = 0
    disagreements: list[str] = field(default_factory=list)

    def add(self, asked: Asked, truth: list[Place], found: list[dict[str, Any]]) -> None:
        """Count one name; ``found`` is the hub's answer."""
        self.asked += 1
        if not truth:
            self.silent += 1
            return
        if _agrees(truth, found):
            self.agreed += 1
            return
        is_certain = any(answer["certain"] for answer in found)
        self.wrong += is_certain
        self.unsure += bool(found) and not is_certain
        self.disagreements.append(_disagreement(asked.project, asked.name, truth, found))


def _agrees(truth: list[Place], found: list[dict[str, Any]]) -> bool:
    inside = {(place.path, place.line) for place in truth if place.path is not None}
    if not inside:
        return not any(answer["certain"] for answer in found)
    if not found:
        return False
    is_outside = found[0]["kind"] == "import"  # the hub's way to say so
    return (found[0]["path"], found[0]["line"]) in inside or (is_outside and len(inside) < len(truth))


def _disagreement(project: str, name: Name, truth: list[Place], found: list[dict[str, Any]]) -> str:
    said = " ".join(
        _written(place) + "?" * (not answer["certain"])
        for place, answer in zip(places(found)[:MOST_SHOWN], found, strict=False)
    )
    expected = " ".join(_written(place) for place in truth[:MOST_SHOWN])
    where = f"{project}/{name.path}:{name.line}:{name.column + 1} {name.name} ({name.binding})"
    return f"{where}\n    hub  {said or 'nothing'}\n    peer {expected}"


def _written(place: Place) -> str:
    return f"{place.path or 'outside'}:{place.line}"


def print_table(tallies: dict[str, Tally]) -> None:
    """One line for each binding, then for the near ones and for all."""
    groups: dict[str, tuple[str, ...]] = {binding: (binding,) for binding in BINDINGS if binding in tallies}
    groups |= {" + ".join(NEAR): NEAR, "all": BINDINGS}
    print(
        f"{'':24}{'asked':>7}{'silent':>8}{'counted':>9}{'agreed':>8}{'%':>7}{'wrong %':>9}{'unsure %':>10}"
    )
    for title, bindings in groups.items():
        chosen = [tallies[binding] for binding in bindings if binding in tallies]
        asked, silent, agreed, wrong, unsure = (
            sum(getattr(tally, column) for tally in chosen)
            for column in ("asked", "silent", "agreed", "wrong", "unsure")
        )
        counted = asked - silent
        share = 100 / max(counted, 1)
        print(
            f"{title:24}{asked:7}{silent:8}{counted:9}{agreed:8}"
            f"{agreed * share:7.1f}{wrong * share:9.1f}{unsure * share:10.1f}"
        )


def main() -> None:
    """Ask, compare and print."""
    arguments = argparse.ArgumentParser(description="Compare definitions with another language server's.")
    arguments.add_argument("--projects", nargs="+", default=PROJECTS, help="name==version, or 'other'")
    arguments.add_argument("--peer", choices=SERVERS, default="basedpyright")
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--show", type=int, default=0, help="so many disagreements of each binding")
    arguments.add_argument(
        "--state", type=Path, default=default_state(), help="peers, projects, their answers"
    )
    given = arguments.parse_args()
    projects = OTHER_PROJECTS if given.projects == ["other"] else tuple(given.projects)
    peers = Peers(given.state)
    asked = ask_peers(peers, Sample("definitions", projects, (given.peer,), given.count, given.seed))
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for one, found in ask_hub(peers, "definitions", asked):
        tallies[one.name.binding].add(one, one.answers[given.peer] or [], found)
    for tally in tallies.values():
        for difference in tally.disagreements[: given.show]:
            print(difference)
    print_table(tallies)


if __name__ == "__main__":
    main()
