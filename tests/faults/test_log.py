"""A developer's day in a few seconds: its log is short, every line is of use, none asks for what need not be done."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]

MOST_LINES = 20


def said(hub: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in hub.log.read_text().splitlines()]


def events(hub: Any, name: str) -> list[dict[str, Any]]:
    return [line for line in said(hub) if line["event"] == name]


@pytest.fixture
def day(root: Path, tmp_path: Path, start_hub: StartHub, write_files: WriteFiles) -> Any:
    """A hub that has lived through it, and has ended."""
    write_files(root / "d", 30)
    hub = start_hub("index.parse_timeout_s=1")
    hub.converges()
    for turn in range(20):  # saves, some of them broken, some with conflict markers
        (root / "d" / "m1.py").write_text(f"def f{turn}({'' if turn % 2 else ')'}: pass\n")
        (root / "d" / "m2.py").write_text("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n")
    (root / "huge.py").write_text("#" * 3_000_000)
    (root / "gone.py").symlink_to("nowhere")
    hub.converges()
    for turn in range(2):
        (root / "hang.py").write_bytes(b"\\\n" * 40_000 + f"# {turn}\n".encode())
        hub.converges(held_up=frozenset({"hang.py"}))
    (root / "hang.py").unlink()
    for method in ("hub/node", "hub/nonsense", "hub/outline"):
        with pytest.raises(Exception, match=r"cannot|no such method"):
            hub.call(method, key="node:none.py:f", path="../none.py")
    for text, event in (
        ("[watch]\ndebounce_ms = 60\n", "config.reloaded"),
        ("[watch]\ndebounce_ms = -1\n", "config.refused"),
    ):
        (root / "remora-hub.toml").write_text(text)
        hub.process.send_signal(signal.SIGHUP)
        hub.wait_until(lambda event=event: events(hub, event))
    hub.wait_until_ready()  # the index has been opened anew: a root that goes before that is another problem
    root.rename(tmp_path / "elsewhere")
    hub.wait_until(lambda: events(hub, "problem.began"))
    (tmp_path / "elsewhere").rename(root)
    hub.wait_until(lambda: events(hub, "problem.ended"))
    hub.process.send_signal(signal.SIGSTOP)
    write_files(root / "new", 200)
    hub.process.send_signal(signal.SIGCONT)
    hub.converges()
    hub.close()
    return hub


def test_a_days_log_is_short_and_a_warning_says_what_to_do(day: Any) -> None:
    lines = said(day)
    assert len(lines) <= MOST_LINES, [line["event"] for line in lines]
    assert {line["level"] for line in lines} == {"info", "warning"}
    for line in lines:
        if line["level"] == "warning" and line["event"] != "log.repeated":
            assert line["remedy"], line
        assert all("\n" not in str(value) for value in line.values()), line
    assert lines[0]["event"] == "hub.started"
    assert events(day, "hub.stopped")
    [ended] = events(day, "problem.ended")
    assert ended["part"] == "watch"
    [reloaded] = events(day, "config.reloaded")
    assert reloaded["applied"] == "watch.debounce_ms from 50 to 60"
    assert {line["path"] for line in events(day, "file.not_parsed")} == {"hang.py"}
