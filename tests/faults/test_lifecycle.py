"""FAULTS.md, L: the hub ends quickly, whatever it is in the middle of, and leaves no process behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]
AreGone = Callable[[Any, float], bool]


@pytest.mark.fault(case="L1")
def test_sigterm_during_a_hanging_parse_ends_everything(
    root: Path, start_hub: StartHub, are_gone: AreGone
) -> None:
    hub = start_hub("index.parse_timeout_s=600")
    hub.wait_until_ready()
    (root / "hang.py").write_bytes(b"\\\n" * 40_000)
    hub.wait_until(lambda: hub.status()["workers"]["busy"] and hub.lanes())
    lanes = hub.lanes()
    hub.process.terminate()
    assert hub.process.wait(5) == 0  # FAULTS.md, L1
    assert are_gone(lanes, 2)


@pytest.mark.fault(case="L1")
def test_sigterm_during_the_cold_start_ends_everything_and_the_next_start_resumes(
    root: Path, start_hub: StartHub, write_files: WriteFiles, are_gone: AreGone
) -> None:
    write_files(root / "d", 600)
    hub = start_hub()
    hub.wait_until(lambda: hub.status().get("cold_start", {}).get("indexed", 0) > 50)
    lanes = hub.lanes()
    hub.process.terminate()
    assert hub.process.wait(5) == 0
    assert are_gone(lanes, 2)
    committed = len(hub.served()[0])
    hub.start()
    hub.wait_until_ready()
    cold = hub.status()["cold_start"]
    assert cold["indexed"] == 600 - committed
    assert (cold["files"], cold["done"], cold["remaining"], cold["failed"]) == (600, 600 - committed, 0, 0)
    assert cold["unchanged"] == committed
    hub.converges()


def test_idle_lanes_are_let_go(root: Path, start_hub: StartHub, write_files: WriteFiles) -> None:
    write_files(root / "d", 20)
    hub = start_hub("index.lane_idle_s=0.5")
    hub.converges()
    hub.wait_until(lambda: not hub.lanes())
    (root / "late.py").write_text("def late(): pass\n")
    hub.converges()
