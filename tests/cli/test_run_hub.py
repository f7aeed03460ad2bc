"""`remora-hub run` on the short way reads what the command line reads, and leaves everything else to it."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from remora_hub.cli import run_hub
from remora_hub.cli.common_options import CommonOptions
from remora_hub.config import HubConfig
from remora_hub.paths import StatePaths
from remora_hub.pipeline import spelling_process


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


def readers_of(root: Path) -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if str(root) in one.cmdline()]


def test_where_nothing_is_indexed_names_are_looked_for_while_the_hub_is_imported(tmp_path: Path) -> None:
    with run_hub.early_spelling(StatePaths(tmp_path), HubConfig()) as spelling:
        assert spelling is not None
        [reader] = readers_of(tmp_path)
    _, left = psutil.wait_procs([reader], 60)
    assert left == []


def test_where_something_is_they_are_not(tmp_path: Path) -> None:
    paths = StatePaths(tmp_path)
    paths.prepare()
    paths.database.touch()
    with run_hub.early_spelling(paths, HubConfig()) as spelling:
        assert spelling is None
        assert readers_of(tmp_path) == []


def test_without_a_process_to_be_had_the_hub_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(spelling_process.subprocess, "Popen", fail)
    before = psutil.Process().num_fds()
    with run_hub.early_spelling(StatePaths(tmp_path), HubConfig()) as spelling:
        assert spelling is None
    assert psutil.Process().num_fds() == before
