"""FAULTS.md, P: files that hang, crash or exhaust the parser, or are no files at all."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]

HANGING = b"\\\n" * 40_000
OLD_NS = 1_600_000_000_000_000_000


def write_hanging(root: Path, count: int) -> frozenset[str]:
    """So many files that hang the parser, no two alike; their names."""
    names = frozenset(f"hang{number}.py" for number in range(count))
    for name in names:
        (root / name).write_bytes(HANGING + f"# {name}\n".encode())
    return names


def busy_lanes(hub: Any) -> list[psutil.Process]:
    """Lanes that are at work on a file, or just starting."""
    before = {lane: sum(lane.cpu_times()[:2]) for lane in hub.lanes()}
    time.sleep(0.1)  # what is measured is time spent
    return [lane for lane in hub.lanes() if sum(lane.cpu_times()[:2]) > before.get(lane, 1e9)]


@pytest.mark.fault(case="P1")
@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("index.parse_lanes=1", "index.max_indexing_workers=1", "changes.max_change_workers=1"),
    ],
    ids=["as configured", "one of everything"],
)
def test_several_hanging_files_hold_up_nobody(
    root: Path, start_hub: StartHub, write_files: WriteFiles, settings: tuple[str, ...]
) -> None:
    # Others take a second at most (FAULTS.md, P1). So that a slow machine does not fail, the limit is far beyond it:
    # whoever waited for a hanging file would see one given up.
    hub = start_hub("index.parse_timeout_s=300", *settings)
    hub.wait_until_ready()
    write_hanging(root, 4)
    write_files(root / "innocent", 30)
    hub.wait_until(lambda: len(hub.served()[0]) == 30)
    for number in range(5):
        (root / f"late{number}.py").write_text("def late(): pass\n")
        hub.wait_until(lambda name=f"late{number}.py": name in hub.served()[0])
    hub.wait_until(lambda: hub.status()["queue"]["pending"] == 4)
    assert hub.served()[1] == {}


@pytest.mark.fault(case="P1")
@pytest.mark.parametrize("policy", ["reconcile", "block", "shed_oldest"])
def test_hanging_files_do_not_fill_the_queue(
    root: Path, start_hub: StartHub, write_files: WriteFiles, policy: str
) -> None:
    # As above, the limit is far beyond what others may take.
    hub = start_hub(
        "index.parse_timeout_s=30", "changes.change_queue_size=8", f"changes.backpressure={policy}"
    )
    hub.wait_until_ready()
    write_hanging(root, 8)
    hub.wait_until(lambda: hub.status()["queue"]["pending"] >= 8)
    write_files(root / "innocent", 30)
    hub.wait_until(lambda: len(hub.served()[0]) == 30)


@pytest.mark.fault(case="P1")
def test_hanging_files_are_given_up_and_not_parsed_again_until_they_change(
    root: Path, start_hub: StartHub
) -> None:
    hub = start_hub("index.parse_timeout_s=1")
    hub.wait_until_ready()
    hanging = write_hanging(root, 3)
    assert set(hub.converges(held_up=hanging).values()) == {"timed_out"}
    counts = hub.status()["lanes"]
    assert counts["timed_out"] == 3
    for name in hanging:
        (root / name).touch()
    for _ in range(3):
        hub.converges(held_up=hanging)
    assert hub.status()["lanes"] == counts
    hub.close()
    hub.start()
    hub.converges(held_up=hanging)
    assert hub.status()["lanes"]["started"] == 0  # the same bytes are not tried again
    for name in hanging:
        (root / name).write_text("def mended(): pass\n")
    assert hub.converges() == {}


@pytest.mark.fault(case="P1")
def test_a_hanging_file_that_never_rests_is_given_up_too(root: Path, start_hub: StartHub) -> None:
    hub = start_hub("index.parse_timeout_s=1")
    hub.wait_until_ready()
    stop = threading.Event()

    def save() -> None:
        turn = 0
        while not stop.wait(0.05):
            turn += 1
            (root / "hang.tmp").write_bytes(HANGING + f"# {turn}\n".encode())
            (root / "hang.tmp").replace(root / "hang.py")

    writer = threading.Thread(target=save)
    writer.start()
    try:
        hub.wait_until((root / "hang.py").exists)
        hub.call("hub/sync", timeout_s=30)
        assert hub.served()[1] == {"hang.py": "timed_out"}
    finally:
        stop.set()
        writer.join()
    (root / "hang.py").write_text("def mended(): pass\n")
    assert hub.converges() == {}


@pytest.mark.fault(case="P2")
def test_files_over_the_limit_are_named_and_not_read(root: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    hub.wait_until_ready()
    with open(root / "large.py", "wb") as file:
        file.truncate(50 * 1024 * 1024 * 1024)  # sparse: reading it would take the machine
    assert hub.converges() == {"large.py": "too_large"}
    os.truncate(root / "large.py", 1_000)
    assert hub.converges() == {}


@pytest.mark.fault(case="P3")
def test_killed_lanes_cost_no_innocent_file(root: Path, start_hub: StartHub, write_files: WriteFiles) -> None:
    write_files(root / "d", 60)
    hub = start_hub()
    hub.wait_until(hub.lanes)
    for lane in hub.lanes():
        lane.kill()
    assert hub.converges() == {}


@pytest.mark.fault(case="P3")
def test_a_file_whose_lane_dies_twice_is_quarantined(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 10)
    hub = start_hub("index.parse_timeout_s=60")
    hub.converges()
    (root / "crash.tmp").write_bytes(HANGING)  # long enough at work to be hit
    os.utime(root / "crash.tmp", ns=(OLD_NS, OLD_NS))
    (root / "crash.tmp").rename(root / "crash.py")

    def is_given_up() -> bool:
        with suppress(psutil.NoSuchProcess):
            for lane in busy_lanes(hub):
                lane.kill()
        return "crash.py" in hub.served()[1]

    hub.wait_until(is_given_up)
    omitted = hub.converges(held_up=frozenset({"crash.py"}))
    assert omitted == {"crash.py": "quarantined"}
    (root / "crash.py").write_text("def mended(): pass\n")
    assert hub.converges() == {}


@pytest.mark.fault(case="P7")
def test_what_is_no_regular_file_is_named_and_never_opened(root: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    hub.wait_until_ready()
    os.mkfifo(root / "fifo.py")
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(root)  # a socket's address is short
    listener.bind("socket.py")
    os.chdir(here)
    (root / "zero.py").symlink_to("/dev/zero")
    (root / "loop.py").symlink_to("loop.py")
    (root / "dangling.py").symlink_to("gone.py")
    (root / "around").symlink_to(".")
    names = {"fifo.py", "socket.py", "zero.py", "loop.py", "dangling.py"}
    hub.wait_until(lambda: hub.served()[1].keys() == names)
    assert hub.converges() == dict.fromkeys(names, "not_regular")
    assert hub.status()["omitted"] == {"not_regular": 5}
    assert hub.status()["workers"]["busy"] == 0
    listener.close()
    for name in names:
        (root / name).unlink()
    assert hub.converges() == {}


@pytest.mark.fault(case="P7")
def test_special_files_are_named_at_cold_start_too(root: Path, start_hub: StartHub) -> None:
    os.mkfifo(root / "fifo.py")
    (root / "loop.py").symlink_to("loop.py")
    (root / "good.py").write_text("def good(): pass\n")
    assert start_hub().converges() == {"fifo.py": "not_regular", "loop.py": "not_regular"}


@pytest.mark.fault(case="P7")
@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named_and_read_once_it_has_some(
    root: Path, start_hub: StartHub
) -> None:
    (root / "a.py").touch(mode=0)
    hub = start_hub()
    hub.call("hub/sync")
    assert hub.served() == ({}, {"a.py": "unreadable"})
    (root / "a.py").chmod(0o600)
    assert hub.converges() == {}


@pytest.mark.fault(case="P7")
def test_vanishing_files_leave_nothing(root: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    hub.wait_until_ready()
    for turn in range(200):
        path = root / f"v{turn % 7}.py"
        path.write_text(f"def f{turn}(): pass\n")
        path.unlink()
    assert hub.converges() == {}
    assert hub.served()[0] == {}


@pytest.mark.fault(case="P8")
def test_hostile_names_are_files_like_others(root: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    hub.wait_until_ready()
    names = [
        "new\nline.py",
        "qu'o\"te.py",
        "a" * 252 + ".py",
        "sp ace%20#?.py",
        "ünï\u202ecode.py",
        "-rf.py",
        ":x:.py",
    ]
    for name in names:
        (root / name).write_text("def inside(): pass\n")
    hub.converges()
    for name in names:
        outline = hub.call("hub/outline", path=name)
        assert f"node:{name}:inside" in [node["key"] for node in outline["nodes"]]
        (root / name).unlink()
    hub.converges()


@pytest.mark.fault(case="P6")
def test_hostile_bytes_are_indexed_as_far_as_they_go(root: Path, start_hub: StartHub) -> None:
    contents = {
        "nul.py": b"def a(): pass\n\0\ndef b(): pass\n",
        "utf8.py": b"def a(): pass\nx = '\xff\xfe\xfd'\n",
        "random.py": os.urandom(50_000),
        "conflict.py": b"def a(): pass\n<<<<<<< HEAD\n=======\n>>>>>>> x\n",
        "utf16.py": "def a(): pass\n".encode("utf-16"),
        "parens.py": b"(" * 100_000,
    }
    for name, content in contents.items():
        (root / name).write_bytes(content)
    hub = start_hub("index.parse_timeout_s=30")  # nothing here hangs; the machine may be slow
    assert hub.converges() == {}
