from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from remora_hub.cli.main import cli
from remora_hub.cli.top_view import Snapshot, rows


@pytest.fixture
def shown(in_project: Path) -> dict[str, str]:
    result = CliRunner().invoke(cli, ["top", "--once"])
    assert result.exit_code == 0, result.output
    return {line[:9].strip(): line[10:] for line in result.stdout.splitlines() if line[:9].strip()}


def test_once_shows_every_part_of_the_hub(shown: dict[str, str]) -> None:
    parts = "hub up index lag queue workers parsing commits watch store requests errors memory"
    assert set(shown) == set(parts.split())
    assert shown["hub"].startswith("ready: ")
    assert shown["index"].startswith("4 files; ")
    assert shown["watch"].startswith("watching, ")
    assert "95 % under" in shown["parsing"]


def test_json_is_one_line_of_status_and_metrics(in_project: Path) -> None:
    result = CliRunner().invoke(cli, ["top", "--once", "--json"])
    look = json.loads(result.stdout)
    assert look["status"]["state"] == "ready"
    assert look["metrics"]["parse_seconds"]["counts"]


def test_without_a_hub_the_exit_code_says_so(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["top", "--once", "--root", str(tmp_path)]).exit_code == 69


def test_on_a_terminal_it_is_shown_until_interrupted_and_the_terminal_left_as_it_was(
    in_project: Path,
) -> None:
    shown = b""
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "remora_hub", "top", "--interval", "0.1"]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        while shown.count(b"commits") < 2:
            shown += os.read(master, 65536)
        process.send_signal(2)
        try:
            while data := os.read(master, 65536):
                shown += data
        except OSError:
            pass  # Linux' way of saying that the other end is closed
        assert process.wait(20) == 0
    os.close(master)
    assert b"\x1b[?1049h" in shown
    assert b"\x1b[?1049l" in shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize("terminal", ["dumb", "none"])
def test_where_nothing_can_be_written_anew_one_look_follows_the_other(
    in_project: Path, terminal: str
) -> None:
    output, its_end = pty.openpty() if terminal == "dumb" else os.pipe()
    command = [sys.executable, "-m", "remora_hub", "top", "--interval", "0.1"]
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "30"}
    shown = b""
    with subprocess.Popen(command, stdout=its_end, stderr=its_end, env=environment) as process:
        os.close(its_end)
        while shown.count(b"commits") < 2:
            shown += os.read(output, 65536)
        process.send_signal(2)
        assert process.wait(60) == 0
    os.close(output)
    assert b"\x1b" not in shown
    assert b"Traceback" not in shown


def histogram(*counts: int, total: float = 0.0) -> dict[str, Any]:
    return {"bounds": [0.001, 0.01], "counts": list(counts), "total": total}


def snapshot(at_s: float, **metrics: Any) -> Snapshot:
    status = {"state": "ready", "root": "/r", "pid": 1, "version": "1", "uptime_s": at_s, "problems": []}
    base = {"clients": 1, "errors": {}, "memory_pss_bytes": {"daemon": 1 << 20}, "request_seconds": {}}
    return Snapshot(status, {**base, **metrics}, at_s)


def test_rates_and_times_are_of_the_time_between_two_looks() -> None:
    before = snapshot(10.0, request_seconds={"hub/node": histogram(0, 0, 900, total=900.0)})
    now = snapshot(12.0, request_seconds={"hub/node": histogram(20, 0, 900, total=900.01)})
    shown = [text for _, text in rows(now, before)]
    assert "10.0/s" in shown
    assert "hub/node: 10.0/s, half under 1 ms, 95 % under 1 ms" in shown


def test_a_counter_that_began_anew_is_not_negative() -> None:
    before = snapshot(10.0, request_seconds={"hub/node": histogram(50, 0, 0)})
    now = snapshot(11.0, request_seconds={"hub/node": histogram(5, 0, 0)})
    assert "5.0/s" in [text for _, text in rows(now, before)]


def test_a_hub_whose_index_is_not_open_yet_is_shown() -> None:
    names = [name for name, _ in rows(snapshot(1.0))]
    assert names == ["hub", "up", "requests", "errors", "memory"]


def test_problems_come_first() -> None:
    found = snapshot(1.0)
    problem = {"part": "store", "problem": "the disk is full", "remedy": "free space"}
    degraded = Snapshot({**found.status, "problems": [problem]}, found.metrics, 1.0)
    assert rows(degraded)[1] == ("problem", "store: the disk is full; free space")
