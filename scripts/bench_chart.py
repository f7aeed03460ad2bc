"""The chart of a run, as SVG written by hand: a line for each measure, a dot for each contender beside the hub.

The axis is logarithmic and shows how many times as much as the hub a contender takes: right of the line at 1 the hub is
ahead, left of it behind. One axis does for milliseconds, seconds and megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import escape

from bench_results import HUB, Results, Row
from bench_table import figure_text

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
_LABELS_WIDTH, _PLOT_WIDTH, _RIGHT_MARGIN = 330, 620, 40
_ROW_HEIGHT, _HEAD_HEIGHT, _FOOT_HEIGHT = 20, 64, 30
_RADIUS = 5


def draw_chart(results: Results) -> str:
    """The SVG's text. A row is drawn where the hub and somebody else have figures above zero."""
    rows = [(row, ratios) for row in results.rows if (ratios := ratios_to_hub(row))]
    contenders = [name for name in results.contenders() if any(name in ratios for _, ratios in rows)]
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(contenders)}
    every = [ratio for _, ratios in rows for ratio in ratios.values()]
    low, high = _decades(every)
    height = _HEAD_HEIGHT + _ROW_HEIGHT * len(rows) + _FOOT_HEIGHT
    width = _LABELS_WIDTH + _PLOT_WIDTH + _RIGHT_MARGIN

    def x_of(ratio: float) -> float:
        return _LABELS_WIDTH + _PLOT_WIDTH * (math.log10(ratio) - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-size="12">',
        "<style>text { font-family: sans-serif }</style>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(12, 20, "Times as much as the hub (to the right of 1 the hub is ahead)", weight="bold"),
        *_legend(colours),
        *_axis(range(low, high + 1), x_of, height),
    ]
    for number, (row, ratios) in enumerate(rows):
        y = _HEAD_HEIGHT + _ROW_HEIGHT * (number + 0.5)
        parts += _row(row, y, [(name, x_of(ratio), ratio) for name, ratio in ratios.items()], colours)
    return "\n".join([*parts, "</svg>"]) + "\n"


def ratios_to_hub(row: Row) -> dict[str, float]:
    """How many times as much as the hub the others take; where more is better, how many times less they give."""
    hub = row.cells.get(HUB)
    if hub is None or not hub.figure or hub.figure < 0:
        return {}
    ratios = {
        name: cell.figure / hub.figure for name, cell in row.cells.items() if name != HUB and cell.figure
    }
    return {name: 1 / ratio if row.is_more_better else ratio for name, ratio in ratios.items() if ratio > 0}


def _decades(ratios: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around all of ``ratios`` and 1."""
    logarithms = [0.0, *map(math.log10, ratios)]
    low, high = math.floor(min(logarithms)), math.ceil(max(logarithms))
    return low, max(high, low + 1)


def _axis(decades: range, x_of: Callable[[float], float], height: int) -> Iterator[str]:
    for decade in decades:
        x = x_of(10.0**decade)
        colour = "#333" if decade == 0 else "#ddd"
        yield f'<line x1="{x:.1f}" y1="{_HEAD_HEIGHT}" x2="{x:.1f}" y2="{height - _FOOT_HEIGHT}" stroke="{colour}"/>'
        yield _text(x, height - 10, f"{10.0**decade:,g}", anchor="middle")


def _legend(colours: dict[str, str]) -> Iterator[str]:
    x = 12.0
    for name, colour in colours.items():
        yield f'<circle cx="{x + _RADIUS:.1f}" cy="40" r="{_RADIUS}" fill="{colour}"/>'
        yield _text(x + 16, 44, name)
        x += 34 + 7 * len(name)


def _row(
    row: Row, y: float, dots: Sequence[tuple[str, float, float]], colours: dict[str, str]
) -> Iterator[str]:
    yield _text(_LABELS_WIDTH - 12, y + 4, f"{row.project}: {row.title}", anchor="end")
    for name, x, ratio in dots:
        title = escape(f"{name}: {figure_text(ratio)} x")
        dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" fill="{colours[name]}" fill-opacity="0.85">'
        yield f"{dot}<title>{title}</title></circle>"


def _text(x: float, y: float, content: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(content)}</text>'
