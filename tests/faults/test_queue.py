"""FAULTS.md, Q: more changes than can be handled at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]
Sized = Callable[[int, int], int]
Observed = Callable[[str], None]

HOLD_LOCK = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the write lock meanwhile."""
    command = [sys.executable, "-c", HOLD_LOCK, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield


@pytest.mark.fault(case="Q1")
@pytest.mark.parametrize("policy", ["reconcile", "block", "shed_oldest"])
def test_a_full_queue_stays_bounded_and_loses_nothing(
    root: Path, start_hub: StartHub, write_files: WriteFiles, sized: Sized, observed: Observed, policy: str
) -> None:
    directories, files, turns, size = sized(4, 100), sized(60, 100), sized(3, 10), sized(10, 1_000)
    for number in range(directories):
        (root / f"d{number}").mkdir()
    hub = start_hub(
        f"changes.backpressure={policy}", f"changes.change_queue_size={size}", "changes.max_change_workers=1"
    )
    hub.wait_until_ready()
    before_mb = largest_mb = hub.memory_mb()
    for turn in range(turns):
        for number in range(directories):
            write_files(root / f"d{number}", files, f"t{turn % 3}_")
            largest_mb = max(largest_mb, hub.memory_mb())
    started = time.monotonic()
    hub.converges(sized(60, 120))
    counters = hub.status()["queue"]
    observed(
        f"{turns * directories * files} saves; RSS {before_mb:.0f} MB before, {largest_mb:.0f} MB while they came, "
        f"{hub.memory_mb():.0f} MB after; level {time.monotonic() - started:.1f} s after the last; {counters}"
    )
    assert counters["high_water"] <= size
    assert counters["waits"] + counters["rescans"] > 0 or policy == "reconcile"  # it was full
    assert max(largest_mb, hub.memory_mb()) <= before_mb + 100


@pytest.mark.fault(case="Q2")
def test_a_file_that_never_rests_stops_nobody_and_shows_itself(root: Path, start_hub: StartHub) -> None:
    body = "\n".join(f"def f{number}(value):\n    return value + {number}\n" for number in range(300))
    hot = root / "hot.py"
    hot.write_text(body)
    hub = start_hub()
    hub.wait_until_ready()
    stop = threading.Event()

    def save() -> None:
        turn = 0
        while not stop.wait(0.01):
            turn += 1
            hot.write_text(f"{body}\n\nTURN = {turn}\n")

    writer = threading.Thread(target=save)
    writer.start()
    try:
        seen = set()

        def shows_itself() -> bool:
            seen.add(hub.served()[0]["hot.py"][0])
            return len(seen) >= 3

        hub.wait_until(shows_itself)
        for number in range(10):
            (root / f"other{number}.py").write_text(f"def other{number}(): pass\n")
            hub.wait_until(lambda name=f"other{number}.py": name in hub.served()[0])
        hub.call("hub/sync", timeout_s=30)  # what was on disk before: a state of the hot file is among it
    finally:
        stop.set()
        writer.join()
    hub.converges()


@pytest.mark.fault(case="Q4")
def test_a_locked_database_is_waited_for(
    root: Path, start_hub: StartHub, write_files: WriteFiles, sized: Sized, observed: Observed
) -> None:
    hub = start_hub("store.busy_timeout_ms=100")
    hub.converges()
    with locked(hub.paths.database):
        unlock_at = time.monotonic() + sized(0, 10)
        write_files(root / "d", sized(30, 1_000))
        hub.wait_until(lambda: hub.status()["state"] == "degraded")
        assert hub.status()["problems"][0]["part"] == "store"
        hub.wait_until(lambda: time.monotonic() > unlock_at)
        assert hub.call("hub/symbols", query="f1")["symbols"] == []  # still answers
    started = time.monotonic()
    hub.converges()
    observed(f"level {time.monotonic() - started:.1f} s after the lock was given back")
    assert hub.status()["state"] == "ready"


@pytest.mark.fault(case="Q4")
def test_a_database_locked_at_the_start_is_waited_for(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 30)
    hub = start_hub()
    hub.converges()
    hub.close()
    with locked(hub.paths.database):
        (root / "d" / "m0.py").unlink()
        second = start_hub("store.busy_timeout_ms=100")
        second.wait_until(lambda: second.status()["state"] == "degraded")
    second.converges()
