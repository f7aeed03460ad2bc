"""How much is measured, and what every measure shares: contenders, places, and the rows they make."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bench_contenders import FAILURES, Contender, failure_of
from bench_ctags import Ctags
from bench_projects import Project
from bench_results import CTAGS, HUB, Cell, Row, Samples


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of a run. ``longest_s`` is the wait for one answer, ``budget_s`` that for one series of questions."""

    rounds: int = 5
    questions: int = 300
    writes: int = 100
    sizes: Sequence[int] = (1_000, 10_000, 100_000)
    burst_changes: int = 100_000
    longest_s: float = 180.0
    budget_s: float = 90.0
    switched_files: int = 1_000
    clients: int = 100
    processes: int = 2
    seed: int = 1


FULL = Plan()
QUICK = Plan(
    rounds=3,
    questions=100,
    writes=20,
    sizes=(1_000, 10_000),
    burst_changes=10_000,
    longest_s=60.0,
    budget_s=20.0,
)


@dataclass(slots=True)
class Bench:
    """One run. ``missing`` are contenders that could not be had, with the reason; they keep an empty cell."""

    plan: Plan
    contenders: Sequence[Contender]
    ctags: Ctags | None
    missing: Mapping[str, str]
    scratch: Path
    _dropped: dict[tuple[str, str], Cell] = field(default_factory=dict)

    @property
    def hub(self) -> Contender:
        """The hub among the contenders."""
        return next(one for one in self.contenders if one.name == HUB)

    def servers(self, project: Project) -> list[Contender]:
        """Those that have not failed to get ready for this project: a second try would cost as long a wait."""
        return [one for one in self.contenders if (project.name, one.name) not in self._dropped]

    def drop(self, project: Project, name: str, cell: Cell) -> None:
        """Start ``name`` no more on this project."""
        self._dropped[project.name, name] = cell

    def row(
        self,
        project: Project,
        key: str,
        title: str,
        unit: str,
        cells: Mapping[str, Cell],
        *,
        is_more_better: bool = False,
    ) -> Row:
        """A row that has a cell for those who are missing or were dropped, too, unless they have another one."""
        absent = {name: Cell.failed(reason) for name, reason in self.missing.items()}
        dropped = {name: cell for (of, name), cell in self._dropped.items() if of == project.name}
        return Row(project.name, key, title, unit, {**absent, **dropped, **cells}, is_more_better)

    @property
    def tags(self) -> Path:
        """Where ctags writes."""
        return self.scratch / "tags"

    def index_ctags(self, root: Path, key: str, samples: Samples) -> None:
        """Add the seconds that ctags takes for ``root``, if there is ctags."""
        if (ctags := self.ctags) is not None:
            samples.add(key, CTAGS, attempt_call(lambda: ctags.index_s(root, self.tags)))

    def look_up_ctags(self, name: str, key: str, samples: Samples) -> None:
        """Add the seconds of a look for ``name`` into the tags made last, if there are any."""
        if (ctags := self.ctags) is not None:
            samples.add(key, CTAGS, attempt_call(lambda: ctags.lookup_s(self.tags, name)))

    def copy(self, project: Project, purpose: str) -> Project:
        """A copy of a project that may be changed."""
        return Project.copied(project.name, project.root, self.scratch / purpose / project.name)


_T = TypeVar("_T")


def attempt_call(function: Callable[[], _T]) -> _T | Cell:
    """What a function without arguments returns, or the cell of its failure."""
    try:
        return function()
    except FAILURES as error:
        return failure_of(error)


def attempt(coroutine: Coroutine[Any, Any, _T]) -> _T | Cell:
    """What a coroutine returns, or the cell of its failure."""
    return attempt_call(lambda: asyncio.run(coroutine))
