"""What a run of the bench finds: rows of figures, a cell for each contender, and their JSON."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from peers_timing import p99

HUB = "hub"
HUB_SOCKET = "hub socket"
BARE = "bare parse"
CTAGS = "ctags"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with the samples behind it, or the reason why there is none."""

    figure: float | None
    samples: tuple[float, ...] = ()
    problem: str = ""

    @classmethod
    def median(cls, samples: Sequence[float]) -> Cell:
        """The median of ``samples``, of which there must be one at least."""
        return cls(statistics.median(samples), tuple(samples))

    @classmethod
    def p99(cls, samples: Sequence[float]) -> Cell:
        """The 99th percentile; of up to a hundred samples the longest."""
        return cls(p99(samples), tuple(samples))

    @classmethod
    def failed(cls, problem: str) -> Cell:
        """No figure, because of ``problem``."""
        return cls(None, (), problem)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure on one project: a cell by contender. ``key`` names it to targets and programs."""

    project: str
    key: str
    title: str
    unit: str
    cells: Mapping[str, Cell]
    is_more_better: bool = False


class Samples:
    """Figures as they are taken, by row and contender. A failure takes the place of all figures of its cell."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._failed: defaultdict[str, dict[str, Cell]] = defaultdict(dict)

    def add(self, key: str, contender: str, taken: float | Cell) -> None:
        """Keep a figure, or a cell without one."""
        if isinstance(taken, Cell):
            self._failed[key][contender] = taken
        else:
            self._taken[key][contender].append(taken)

    def cells(
        self, key: str, factor: float = 1.0, of: Callable[[Sequence[float]], Cell] | None = None
    ) -> dict[str, Cell]:
        """A cell for each contender: the median of the figures, times ``factor``, or what ``of`` makes of them."""
        made = Cell.median if of is None else of
        taken = {name: made([one * factor for one in found]) for name, found in self._taken[key].items()}
        return {**taken, **self._failed[key]}


@dataclass(slots=True)
class Results:
    """All rows of a run, in the order they were measured, with what was measured on what."""

    facts: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def figure(self, project: str, key: str, contender: str) -> float | None:
        """The figure of one cell; None where there is none."""
        for row in self.rows:
            if (row.project, row.key) == (project, key) and contender in row.cells:
                return row.cells[contender].figure
        return None

    def contenders(self) -> list[str]:
        """Everybody who has a cell: the hub first, then the limit, then the others by name."""
        named = {name for row in self.rows for name in row.cells}
        first = [name for name in (HUB, HUB_SOCKET, BARE) if name in named]
        return first + sorted(named - set(first))

    def write_json(self, path: Path, targets: Iterable[Mapping[str, Any]]) -> None:
        """Write everything, ``targets`` included, as one object."""
        content = {
            **self.facts,
            "rows": [asdict(row) for row in self.rows],
            "targets": list(targets),
        }
        path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
