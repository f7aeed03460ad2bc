"""One whole run of the bench on a tree of a few files, without peers: real hub, real table, real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "bench.py"
MEASURES = ("first", "index", "memory", "queries", "clients")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(6):
        source = f"class Number{number}s:\n    def value(self):\n        return {number}\n\n\n"
        uses = f"from number_{number}s import Number{number}s\n\nNumber{number}s().value()\n"
        (root / f"number_{number}s.py").write_text(source)
        (root / f"uses_{number}s.py").write_text(uses)
    return root


def run(project: Path, state: Path, *options: str) -> tuple[str, Path]:
    """What a run without peers prints, and where it wrote."""
    command = [sys.executable, str(BENCH), "--quick", "--peers", "none", "--projects", str(project)]
    done = subprocess.run(
        [*command, "--state", str(state), *options],
        env={**os.environ, "REMORA_HUB_INDEX__LANE_IDLE_S": "1"},  # their end is waited for
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (written,) = (state / "runs").iterdir()
    return done.stdout, written


def test_a_project_that_cannot_be_had_is_a_row_that_says_so(tmp_path: Path) -> None:
    shown, written = run(tmp_path / "nothing", tmp_path / "state")
    (row,) = json.loads((written / "bench.json").read_text())["rows"]
    assert "No such file" in row["cells"]["hub"]["problem"]
    assert "project: not measured" in shown


@pytest.mark.timeout(400)
def test_a_quick_run_measures_the_hub_and_writes_table_json_and_chart(tree: Path, tmp_path: Path) -> None:
    only = [part for measure in MEASURES for part in ("--only", measure)]
    shown, written = run(tree, tmp_path / "state", "--rounds=1", "--questions=5", "--clients=3", *only)
    assert sorted(path.name for path in written.iterdir()) == ["bench.json", "bench.svg", "bench.txt"]
    found = json.loads((written / "bench.json").read_text())
    figures = {row["key"]: row["cells"]["hub"] for row in found["rows"]}
    assert {cell["problem"] for cell in figures.values()} == {""}
    wanted = {"first_cold", "first_warm", "first_running", "full_index", "restart", "disk", "symbols_p50"}
    assert wanted <= figures.keys()
    assert all(figures[key]["figure"] > 0 for key in wanted)
    assert found["rows"][0]["project"] == "tree"
    assert {one["measured"]: one["is_met"] for one in found["targets"]}[
        "symbols_p50"
    ] is None  # beside no peer
    assert "full index" in (written / "bench.txt").read_text()
    assert (written / "bench.txt").read_text().rstrip() in shown
    assert ET.parse(written / "bench.svg").getroot().tag.endswith("svg")
    assert not (tree / ".remora").exists()  # only copies are measured
