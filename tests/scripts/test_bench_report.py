"""What a run of the bench shows: the table, the targets, the JSON and the chart, from figures that are given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from bench_chart import draw_chart, ratios_to_hub
from bench_results import BARE, HUB, Cell, Results, Row, Samples
from bench_table import figure_text, print_table
from bench_targets import Target, growth_targets, judge, print_targets

SVG = "{http://www.w3.org/2000/svg}"


def row(key: str, cells: dict[str, float | str], **more: Any) -> Row:
    made = {
        name: Cell.failed(one) if isinstance(one, str) else Cell.median([one]) for name, one in cells.items()
    }
    return Row("django", key, key.replace("_", " "), "ms", made, **more)


def results(*rows: Row) -> Results:
    return Results({"plan": {}}, list(rows))


def test_a_figure_has_three_digits_and_no_power_of_ten() -> None:
    shown = [figure_text(one) for one in (0.0, 0.00123, 0.5, 1.234, 12.34, 123.4, 1_234_567.0)]
    assert shown == ["0.000", "0.001", "0.500", "1.23", "12.3", "123", "1,234,567"]


def test_a_cell_without_figure_points_at_the_reason_below_the_table_which_is_said_once() -> None:
    slow = "no answer in 60 s"
    table = print_table(
        results(row("first", {HUB: 5, "ty": slow}), row("second", {HUB: 6, "ty": slow, "jedi": "died"}))
    )
    lines = table.splitlines()
    assert lines[1].split() == ["django", "hub", "jedi", "ty"]
    assert lines[2].split() == ["first", "ms", "5.00", "-", "[1]"]
    assert lines[3].split() == ["second", "ms", "6.00", "[2]", "[1]"]
    assert lines[-2:] == [f"[1] {slow}", "[2] died"]


def test_the_99th_percentile_is_one_of_the_samples() -> None:
    assert Cell.p99([float(one) for one in range(1, 201)]).figure == 199
    assert Cell.p99([3.0, 1.0, 2.0]).figure == 3
    assert Cell.p99([7.0]).figure == 7


def test_a_failure_takes_the_place_of_the_figures_that_came_before_it() -> None:
    samples = Samples()
    samples.add("first", HUB, 0.25)
    samples.add("first", HUB, 0.75)
    samples.add("first", "ty", 0.1)
    samples.add("first", "ty", Cell.failed("died"))
    cells = samples.cells("first", 1e3)
    assert cells[HUB] == Cell(500.0, (250.0, 750.0))
    assert cells["ty"].problem == "died"


@pytest.mark.parametrize(
    ("target", "measured", "is_met", "ratio"),
    [
        (Target("t", "a quarter", "mine", ("theirs", "ty"), 0.25), 10.0, True, 0.1),
        (Target("t", "a quarter", "mine", ("theirs", "ty"), 0.25), 26.0, False, 0.26),
        (Target("t", "1.5 x + 200", "mine", ("theirs", "ty"), 1.5, 200.0), 350.0, True, 3.5),
        (Target("t", "10 ms", "mine", plus=10.0), 10.0, True, None),
        (Target("t", "10 ms", "mine", plus=10.0), 10.5, False, None),
        (Target("t", "a quarter", "mine", ("not_measured", "ty"), 0.25), 10.0, None, None),
    ],
)
def test_a_target_is_met_missed_or_not_measured(
    target: Target, measured: float, is_met: bool | None, ratio: float | None
) -> None:
    found = results(row("mine", {HUB: measured}), row("theirs", {"ty": 100.0}))
    (judged,) = judge(found, "django", [target])
    assert judged["is_met"] is is_met
    assert judged["ratio"] == (pytest.approx(ratio) if ratio is not None else None)
    assert {True: "met", False: "MISSED", None: "not measured"}[is_met] in print_targets([judged])


def test_growth_is_held_against_the_size_before() -> None:
    targets = {target.measured: target for target in growth_targets((1_000, 10_000))}
    assert targets["grown_index_10000"].beside == ("grown_index_1000", HUB)
    assert targets["grown_index_10000"].factor == pytest.approx(11)
    assert targets["grown_symbols_10000"].factor == targets["grown_definition_10000"].factor == 1.5


def test_the_json_has_every_sample_and_every_reason(tmp_path: Path) -> None:
    found = results(row("first", {HUB: 5, "ty": "died"}))
    found.write_json(tmp_path / "bench.json", [])
    (written,) = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert written["cells"][HUB] == {"figure": 5, "samples": [5], "problem": ""}
    assert written["cells"]["ty"] == {"figure": None, "samples": [], "problem": "died"}


def test_the_chart_shows_how_many_times_the_hubs_figure_each_other_has() -> None:
    taken = row("first", {HUB: 10, "ty": 100, BARE: 5, "jedi": "died"})
    given = row("rate", {HUB: 10, "ty": 5}, is_more_better=True)
    assert ratios_to_hub(taken) == {"ty": 10, BARE: 0.5}
    assert ratios_to_hub(given) == {"ty": 2}


def test_the_chart_is_a_picture_with_a_dot_for_each_ratio_on_one_scale() -> None:
    found = results(
        row("first", {HUB: 10, "ty": 100, BARE: 10}), row("none", {HUB: 1}), row("<&>", {HUB: 1, "ty": 1})
    )
    picture = ET.fromstring(draw_chart(found))
    dots = {
        title.text: float(dot.get("cx", ""))
        for dot in picture.iter(f"{SVG}circle")
        for title in dot.iter(f"{SVG}title")
    }
    assert set(dots) == {"ty: 10.0 x", f"{BARE}: 1.00 x", "ty: 1.00 x"}
    assert dots["ty: 1.00 x"] == dots[f"{BARE}: 1.00 x"] < dots["ty: 10.0 x"]
    assert "django: <&>" in [text.text for text in picture.iter(f"{SVG}text")]


def test_a_run_without_peers_still_has_a_chart() -> None:
    assert ET.fromstring(draw_chart(results(row("first", {HUB: 10})))).tag == f"{SVG}svg"
