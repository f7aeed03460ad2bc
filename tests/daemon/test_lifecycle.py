"""Reloading, ending by itself, stopping in trouble, and a state directory that cannot be written to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import psutil
import pytest
from msgspec.structs import replace

from remora_hub.client.blocking import BlockingClient
from remora_hub.config import HubConfig
from remora_hub.daemon.reload import compare
from remora_hub.errors import HubError

Project = Any  # conftest's
AreGone = Callable[[Any, float], bool]
HUB = (sys.executable, "-P", "-m", "remora_hub")
_LONGEST_STOP_S = 5  # the issue's own figure


def wait_until(condition: Any, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # between two looks at a state that nothing announces


def test_a_reload_takes_up_rules_levels_and_limits_and_keeps_process_and_clients(running: Project) -> None:
    with running.connect() as client:
        pid = client.call("hub/status")["pid"]
        running.write(
            "remora-hub.toml",
            '[discovery]\nexclude = ["pkg"]\n[logs]\nlevel = "debug"\n[index]\nprogress = "never"\n'
            "[server]\nmax_requests_per_connection = 7\n",
        )
        report = running.json("reload")
        assert report["applied"] == {
            "discovery.exclude": {"from": [], "to": ["pkg"]},
            "logs.level": {"from": "info", "to": "debug"},
            "server.max_requests_per_connection": {"from": 64, "to": 7},
        }
        assert report["needs_restart"] == {"index.progress": {"from": "auto", "to": "never"}}
        client.call("hub/sync")
        status = client.call("hub/status")
        assert (status["files"], status["pid"]) == (1, pid)
    assert running.json("reload")["applied"] == {}
    assert list(running.json("reload")["needs_restart"]) == ["index.progress"]  # until it is
    assert '"level": "debug"' in (running.paths.state_dir / "hub.log").read_text()
    assert "needs a restart: index.progress" in running.run("reload").stdout


def test_questions_asked_while_the_index_is_opened_anew_are_answered(running: Project) -> None:
    failures: list[HubError] = []
    answered = 0
    is_over = threading.Event()

    def ask() -> None:
        nonlocal answered
        try:
            with running.connect() as client:
                while not is_over.is_set():
                    client.call("hub/symbols", {"query": "greet"})
                    client.call("hub/outline", {"path": "own.py"})
                    answered += 1
        except HubError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    with running.connect() as client:
        for number in range(6):
            running.write("remora-hub.toml", f"[watch]\ndebounce_ms = {60 + number}\n")
            assert list(client.call("hub/reload")["applied"]) == ["watch.debounce_ms"]
    is_over.set()
    asking.join()
    assert failures == []
    assert answered


def test_every_key_is_applied_or_needs_a_restart_and_what_does_is_kept() -> None:
    before = HubConfig()
    wanted = replace(before, index=replace(before.index, progress="never", parse_timeout_s=3.0))
    change = compare(before, wanted)
    assert list(change.by_new_session) == ["index.parse_timeout_s"]
    assert list(change.after_restart) == ["index.progress"]
    assert (change.config.index.progress, change.config.index.parse_timeout_s) == ("auto", 3.0)


def test_an_idle_hub_ends_when_its_last_client_is_gone(project: Project) -> None:
    project.run("start")
    with project.connect() as client:
        project.write("remora-hub.toml", "[daemon]\nidle_exit_s = 1\n")
        assert client.call("hub/reload")[
            "applied"
        ]  # not before there is a client: it could be gone before that
        client.call("hub/sync")
        pid = client.call("hub/status")["pid"]
        assert not client.next_notification(2.0)  # it is there, though it asks nothing
        assert psutil.pid_exists(pid)
    wait_until(lambda: not project.paths.socket.exists())
    assert '"event": "hub.idle"' in (project.paths.state_dir / "hub.log").read_text()


def test_a_stop_waits_for_no_lock_of_somebody_else(running: Project, are_gone: AreGone) -> None:
    pid = running.json("status")["pid"]
    locking = apsw.Connection(str(running.paths.database))
    locking.execute("BEGIN IMMEDIATE")
    running.write("own.py", "def waits(): ...\n")
    wait_until(lambda: running.json("status")["pending"])
    hub = psutil.Process(pid)
    os.kill(pid, signal.SIGTERM)
    assert are_gone([hub], _LONGEST_STOP_S)
    locking.execute("ROLLBACK")
    locking.close()
    assert not running.paths.socket.exists()
    assert running.json("symbols", "waits")["symbols"]


def test_lanes_die_with_a_killed_hub(project: Project, are_gone: AreGone) -> None:
    project.run("start", "--set", "parse_timeout_s=600")
    project.run("sync")
    (project.root / "hang.py").write_bytes(b"\\\n" * 40_000)
    hub = psutil.Process(project.json("status")["pid"])
    wait_until(hub.children)
    lanes = hub.children(recursive=True)
    project.kill(signal.SIGKILL)
    assert are_gone(lanes, 2)


@pytest.fixture
def small_disk(project: Project) -> Iterator[Path]:
    """A file system of its own for the state directory."""
    disk = project.paths.state_dir
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4M,mode=0700", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield disk
    holder = project.json("status", code=None).get("pid") if project.paths.socket.exists() else None
    if holder:
        os.kill(holder, signal.SIGKILL)
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_where_the_index_cannot_be_written_it_is_asked_as_it_is(project: Project, small_disk: Path) -> None:
    project.run("index")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    found = project.json("symbols", "greet")
    assert ([symbol["key"] for symbol in found["symbols"]], found["pending"]) == (["node:own.py:greet"], 0)
    project.write("own.py", "def changed(): ...\n")
    found = project.json("symbols", "greet")
    assert len(found["symbols"]) == 1
    assert found["pending"] == 1
    assert "cannot be written to" in found["degraded"]
    assert "cannot be written to" in project.run("symbols", "greet").stderr
    project.run("sync", code=None)
    assert project.run("symbols", "greet", "--sync", code=74).stderr.count("cannot be written to") == 1


def test_a_hub_started_on_a_full_disk_holds_its_lock_and_comes_up(project: Project, small_disk: Path) -> None:
    project.run("index")
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 16
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    process = subprocess.Popen([*HUB, "run", str(project.root)], stderr=subprocess.PIPE)
    try:
        with BlockingClient.wait_for(project.paths, 60) as client:
            client.call("hub/status")
            project.run("run", code=75)
            ballast.unlink()
            project.write("own.py", "def roomy(): ...\n")
            client.call("hub/sync")
            assert client.call("hub/symbols", {"query": "roomy"})["symbols"]
        assert project.json("status")["pid"] == process.pid
    finally:
        process.terminate()
        _, log = process.communicate(timeout=60)
    assert b"Traceback" not in log
