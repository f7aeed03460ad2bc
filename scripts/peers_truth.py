"""What other language servers answer about a sample of names, kept as JSON lines and read again."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from peers import Peers
from peers_client import Place
from peers_process import ServerError
from peers_sample import Name, sample_names, sample_symbols

Question = Literal["definitions", "references"]
_DRAW = {"definitions": sample_names, "references": sample_symbols}


@dataclass(frozen=True, slots=True)
class Sample:
    """What is asked of whom: ``count`` names, evenly from the projects, drawn by ``seed``."""

    question: Question
    projects: Sequence[str]
    servers: Sequence[str]
    count: int
    seed: int

    @property
    def shares(self) -> dict[str, int]:
        """How many names are of which project."""
        share, rest = divmod(self.count, len(self.projects))
        return {project: share + (turn < rest) for turn, project in enumerate(self.projects)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A name of a project and what each server answered, by the server's name; None where it failed."""

    project: str
    name: Name
    answers: dict[str, list[Place] | None]


def ask_peers(peers: Peers, sample: Sample) -> list[Asked]:
    """The servers' answers about a sample, in the order of project, path and place."""
    return [one for project in sample.projects for one in _kept(peers, sample, project)]


def _kept(peers: Peers, sample: Sample, project: str) -> list[Asked]:
    """The answers about one project, from its file or else asked now and written there."""
    count = sample.shares[project]
    drawn = (sample.question, project, *sample.servers, str(count), str(sample.seed))
    file = peers.state / f"{'-'.join(drawn)}.jsonl"
    if not file.exists():
        partial = file.with_suffix(".partial")
        partial.write_text(
            "".join(f"{json.dumps(_row(one))}\n" for one in _asked_now(peers, sample, project))
        )
        partial.rename(file)
    with file.open() as lines:
        return [_asked(json.loads(line)) for line in lines]


def _asked_now(peers: Peers, sample: Sample, project: str) -> list[Asked]:
    root = peers.project(project)
    names = _DRAW[sample.question](root, sample.shares[project], f"{project} {sample.seed}")
    answers = {}
    for server in sample.servers:
        print(f"asking {server} for {sample.question} of {len(names)} names of {project}", file=sys.stderr)
        answers[server] = asyncio.run(_answers(peers, sample.question, server, root, names))
    return [
        Asked(project, name, {server: given[turn] for server, given in answers.items()})
        for turn, name in enumerate(names)
    ]


async def _answers(
    peers: Peers, question: Question, server: str, root: Path, names: Sequence[Name]
) -> list[list[Place] | None]:
    """One server's answers, file by file: each is open while it is asked about."""
    answers: list[list[Place] | None] = []
    async with peers.server(server, root) as running:
        ask = running.definition if question == "definitions" else running.references
        for path, group in groupby(names, key=lambda name: name.path):
            running.open(path)
            for name in group:
                try:
                    answers.append(await ask(Place(path, name.line, name.column)))
                except (ServerError, TimeoutError) as error:
                    print(f"{server}: {path}:{name.line} {name.name}: {error!r}", file=sys.stderr)
                    answers.append(None)
            running.close(path)
    return answers


def _row(asked: Asked) -> dict[str, Any]:
    """The JSON of one line. ``class`` is the name's binding, or the symbol's kind."""
    name = asked.name
    row: dict[str, Any] = {
        "project": asked.project,
        "path": name.path,
        "line": name.line,
        "column": name.column,
    }
    row |= {"name": name.name, "class": name.binding}
    row["answers"] = {
        server: None if places is None else [place._asdict() for place in places]
        for server, places in asked.answers.items()
    }
    return row


def _asked(row: dict[str, Any]) -> Asked:
    name = Name(row["path"], row["line"], row["column"], row["name"], row["class"])
    answers = {
        server: None if places is None else [Place(**place) for place in places]
        for server, places in row["answers"].items()
    }
    return Asked(row["project"], name, answers)
