"""`remora-hub run` on the short way reads what the command line reads, and leaves everything else to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from remora_hub.cli import run_hub
from remora_hub.cli.common_options import CommonOptions


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], CommonOptions(Path(), None, False, False, {})),
        (["dir"], CommonOptions(Path("dir"), None, False, False, {})),
        (
            ["--set", "a.b = 1", "-v", "--state-dir", "s", "dir", "--set", "c=d=e"],
            CommonOptions(Path("dir"), Path("s"), False, True, {"a.b": "1", "c": "d=e"}),
        ),
    ],
)
def test_the_forms_that_are_used_are_read(
    arguments: list[str], options: CommonOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[CommonOptions] = []
    monkeypatch.setattr(run_hub, "run_hub", run.append)
    assert run_hub.simple_command(arguments) == 0
    assert run == [options]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--json"],
        ["a", "b"],
        ["--set"],
        ["--set", "x"],
        ["--set=a=b"],
        ["--state-dir"],
        ["--", "a"],
    ],
)
def test_anything_else_is_left_to_the_command_line(arguments: list[str]) -> None:
    assert run_hub.simple_command(arguments) is None


def test_both_ways_end_alike_where_the_hub_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "remora-hub.toml").write_text("[index]\nparse_lanes = -1\n")
    ends = []
    for arguments in (["run", str(tmp_path)], ["run", "--state-dir=" + str(tmp_path / "s"), str(tmp_path)]):
        command = [sys.executable, "-P", "-m", "remora_hub", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        ends.append((ended.returncode, ended.stdout, ended.stderr))
    assert ends[0] == ends[1]
    assert ends[0][0] == 78
    assert ends[0][2].startswith("remora-hub: cannot use index.parse_lanes")
