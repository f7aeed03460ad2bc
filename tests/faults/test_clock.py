"""The wall clock jumps: set by hand, by NTP, or after a suspension. Nothing that is measured in time may go by it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
Observed = Callable[[str], None]

DAY_S = 86_400


@pytest.fixture
def clock(tmp_path: Path) -> tuple[tuple[str, ...], Callable[[int], None]]:
    """A command in front of the hub's, and how to set its wall clock off, in seconds; the monotonic clock goes on.

    Debian's libfaketime, which reads the offset from a file at each look at the clock.
    """
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        # It cannot be had without root; .ci/run installs it where it may.
        pytest.skip("libfaketime is not installed (Debian: apt install libfaketime)")
    file = tmp_path / "clock"

    def set_off(seconds: int) -> None:
        partial = file.with_suffix(".new")
        partial.write_text(f"{seconds:+d}\n")
        partial.replace(file)

    set_off(0)
    settings = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    return ("env", *(f"{name}={value}" for name, value in settings.items())), set_off


def rescans(hub: Any) -> dict[str, int]:
    """How many of what kind, but for those that somebody asked for."""
    return {reason: count for reason, count in hub.status()["rescans"].items() if reason != "sync"}


@pytest.mark.parametrize("seconds", [DAY_S, -DAY_S], ids=["forwards", "backwards"])
def test_a_clock_that_jumps_loses_nothing_and_times_nothing_out(
    seconds: int,
    root: Path,
    start_hub: StartHub,
    clock: tuple[tuple[str, ...], Callable[[int], None]],
) -> None:
    prefix, set_off = clock
    for number in range(10):
        (root / f"m{number}.py").write_text(f"def f{number}(): ...\n")
    hub = start_hub(prefix=prefix)
    hub.wait_until_ready()
    hub.converges()
    doubts = rescans(hub)
    set_off(seconds)
    with hub.client() as client:
        for number in range(10):
            path = root / f"m{number}.py"
            # Of the same length and with the time of before: only its content and the kernel's own time tell.
            status = path.stat()
            path.write_text(f"def g{number}(): ...\n")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            hub.wait_until(lambda: client.call("hub/symbols", {"query": f"g{number}"})["symbols"])  # noqa: B023
    set_off(0)
    (root / "new.py").write_text("def new(): ...\n")
    hub.converges()
    assert hub.status()["state"] == "ready"
    assert rescans(hub) == doubts, "a jump of the wall clock is no suspension"
    written = hub.call("hub/node", key="node:m0.py:g0")["node"]["updated_at"]
    assert abs(written - time.time() - seconds) < DAY_S / 2, "the hub saw no jump"
    hub.process.kill()  # in the other time: the next start reads the index that was written in this one
    hub.process.wait()
    set_off(-seconds)
    (root / "m0.py").write_text("def late(): ...\n")
    hub.start()
    hub.wait_until_ready()
    hub.converges()
