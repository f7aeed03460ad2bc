"""The table of a run: a line for each measure, a column for each contender, below it why cells are empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from bench_results import Cell, Results

_NOT_MEASURED = "-"


def print_table(results: Results) -> str:
    """The text of the table."""
    contenders = results.contenders()
    notes: dict[str, int] = {}
    widths = [max(len(name), 8) + 2 for name in contenders]
    titles = max((len(row.title) for row in results.rows), default=0) + 2
    lines = []
    for project, rows in groupby(results.rows, key=lambda row: row.project):
        heading = f"{project:{titles}}{'':6}"
        lines += [
            "",
            heading + "".join(f"{name:>{width}}" for name, width in zip(contenders, widths, strict=True)),
        ]
        for row in rows:
            shown = (cell_text(row.cells.get(name), notes) for name in contenders)
            cells = "".join(f"{text:>{width}}" for text, width in zip(shown, widths, strict=True))
            lines.append(f"{row.title:{titles}}{row.unit:6}{cells}")
    return "\n".join([*lines, *_explained(notes)])


def cell_text(cell: Cell | None, notes: dict[str, int]) -> str:
    """Three digits, or the number of the note that says why there is no figure."""
    if cell is None:
        return _NOT_MEASURED
    if cell.figure is None:
        return f"[{notes.setdefault(cell.problem, len(notes) + 1)}]"
    return figure_text(cell.figure)


def figure_text(figure: float) -> str:
    """``figure`` in three digits, never in powers of ten."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    decimals = next((count for limit, count in ((10, 1), (1, 2)) if abs(figure) >= limit), 3)
    return f"{figure:.{decimals}f}"


def _explained(notes: Mapping[str, int]) -> Iterator[str]:
    if notes:
        yield ""
    for problem, number in notes.items():
        yield f"[{number}] {problem}"
