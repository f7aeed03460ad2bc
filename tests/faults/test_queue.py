"""FAULTS.md, Q: more changes than can be handled at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]

HOLD_LOCK = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@pytest.mark.parametrize("policy", ["reconcile", "block", "shed_oldest"])
def test_a_full_queue_stays_bounded_and_loses_nothing(
    root: Path, start_hub: StartHub, write_files: WriteFiles, policy: str
) -> None:
    for number in range(4):
        (root / f"d{number}").mkdir()
    hub = start_hub(
        f"changes.backpressure={policy}", "changes.change_queue_size=10", "changes.max_change_workers=2"
    )
    hub.wait_until_ready()
    for turn in range(3):
        for number in range(4):
            write_files(root / f"d{number}", 60, f"t{turn}_")
    hub.converges()
    counters = hub.status()["queue"]
    assert counters["high_water"] <= 10
    assert counters["waits"] + counters["rescans"] > 0  # it was full


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


def test_a_locked_database_is_waited_for(root: Path, start_hub: StartHub, write_files: WriteFiles) -> None:
    hub = start_hub("store.busy_timeout_ms=100")
    hub.converges()
    command = [sys.executable, "-c", HOLD_LOCK, str(hub.paths.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        write_files(root / "d", 30)
        hub.wait_until(lambda: hub.status()["state"] == "degraded")
        assert hub.status()["problems"][0]["part"] == "store"
        assert hub.call("hub/symbols", query="f1")["symbols"] == []  # still answers
    hub.converges()
    assert hub.status()["state"] == "ready"


def test_a_database_locked_at_the_start_is_waited_for(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 30)
    hub = start_hub()
    hub.converges()
    hub.close()
    command = [sys.executable, "-c", HOLD_LOCK, str(hub.paths.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        (root / "d" / "m0.py").unlink()
        second = start_hub("store.busy_timeout_ms=100")
        second.wait_until(lambda: second.status()["state"] == "degraded")
    second.converges()
