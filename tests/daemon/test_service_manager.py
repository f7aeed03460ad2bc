"""What the hub tells a service manager, read from the socket a manager would read."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client.blocking import BlockingClient
from remora_hub.daemon.service_manager import ServiceManager

Project = Any  # conftest's
HUB = (sys.executable, "-P", "-m", "remora_hub", "run")
_LONGEST_WAIT_S = 60


class Heard:
    """A notify socket, and everything heard on it in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)

    def until(self, is_it: Callable[[str], bool]) -> str:
        """Listen until a message is what is waited for; that message."""
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while True:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            message = self._socket.recv(8192).decode()
            self.messages.append(message)
            if is_it(message):
                return message

    def until_said(self, start: str) -> str:
        return self.until(lambda message: message.startswith(start))

    def said(self) -> list[str]:
        """What was said of reloads so far, and of being ready."""
        firsts = [message.partition("\n")[0] for message in self.messages]
        return [first for first in firsts if first.startswith(("RELOADING", "READY"))]

    def is_quiet_for(self, seconds: float) -> bool:
        """Whether nothing comes for so long, behind what has come already."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(8192)
        return not select.select([self._socket], [], [], seconds)[0]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    made = Heard(str(tmp_path / "notify"))
    yield made
    made.close()


@pytest.fixture
def start(project: Project, heard: Heard) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the hub as a manager would; ``settings`` are KEY=VALUE, ``environment`` comes on top."""
    started = []

    def start(*settings: str, **environment: str) -> subprocess.Popen[bytes]:
        options = [part for setting in settings for part in ("--set", setting)]
        process = subprocess.Popen(
            [*HUB, str(project.root), *options],
            env={**os.environ, "NOTIFY_SOCKET": heard.address, **environment},
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


Start = Callable[..., "subprocess.Popen[bytes]"]


def test_a_hub_is_ready_when_it_answers_and_says_how_it_stands(
    project: Project, start: Start, heard: Heard
) -> None:
    process = start()
    heard.until_said("READY=1")
    with project.connect() as client:
        client.call("hub/status")
        client.call("hub/sync")
    heard.until(lambda said: said.startswith("STATUS=ready: 3 files") and said.endswith("queue 0, lag 0 s"))
    process.terminate()
    heard.until_said("STOPPING=1")
    assert process.wait(_LONGEST_WAIT_S) == 0


def environments_of_children(pid: int) -> list[set[bytes]]:
    """The names in the environment of each child; those that end meanwhile are left out."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):
            entries = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
            found.append({entry.partition(b"=")[0] for entry in entries})
    return found


def test_no_child_takes_itself_for_the_service(project: Project, start: Start, heard: Heard) -> None:
    process = start(WATCHDOG_USEC="900000", LISTEN_FDS="1", LISTEN_PID="1")
    heard.until_said("READY=1")
    with project.connect() as client:
        client.call("hub/sync")  # it has parsed, so there are lanes
    own = {b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"LISTEN_FDS", b"LISTEN_PID"}
    deadline = time.monotonic() + _LONGEST_WAIT_S
    while any(names & own for names in environments_of_children(process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)  # one that is just being started has the hub's until it runs its own program


def test_the_watchdog_hears_from_the_loop_and_no_more_when_it_is_frozen(
    project: Project, start: Start, heard: Heard
) -> None:
    process = start(WATCHDOG_USEC="600000")
    heard.until_said("READY=1")
    for _ in range(3):
        heard.until_said("WATCHDOG=1")
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # a signal takes its time
    assert heard.is_quiet_for(1.0)
    process.send_signal(signal.SIGCONT)
    heard.until_said("WATCHDOG=1")


def test_a_watchdog_meant_for_another_process_is_not_answered(
    project: Project, start: Start, heard: Heard
) -> None:
    manager = ServiceManager.take_over({"WATCHDOG_USEC": "600000", "WATCHDOG_PID": "1"})
    assert manager.watchdog_s is None
    assert ServiceManager.take_over({"WATCHDOG_USEC": "600000"}).watchdog_s == 0.6


def test_a_long_cold_start_asks_for_time(project: Project, start: Start, heard: Heard) -> None:
    for number in range(400):
        project.write(f"many/m{number}.py", "def f(): ...\n" * 100)
    start()
    assert int(heard.until_said("EXTEND_TIMEOUT_USEC=").partition("=")[2]) >= 10_000_000
    heard.until_said("READY=1")
    heard.until_said("STATUS=ready: 403 files")


def test_hangups_in_a_row_are_reloads_with_their_time(project: Project, start: Start, heard: Heard) -> None:
    process = start()
    heard.until_said("READY=1")
    before_us = time.monotonic_ns() // 1000
    project.write("remora-hub.toml", '[discovery]\nexclude = ["pkg"]\n')
    for _ in range(20):
        process.send_signal(signal.SIGHUP)
    begun = heard.until_said("RELOADING=1\n")
    assert before_us <= int(begun.partition("MONOTONIC_USEC=")[2]) <= time.monotonic_ns() // 1000
    heard.until_said("READY=1")
    heard.until_said("STATUS=ready: 1 files")
    if heard.said()[-1].startswith("RELOADING"):
        heard.until_said("READY=1")
    told = heard.said()
    assert told[0] == "READY=1"
    assert told[1:] == ["RELOADING=1", "READY=1"] * (len(told) // 2)
    assert process.poll() is None


def test_a_wrong_configuration_is_refused_and_the_old_one_stays(
    project: Project, start: Start, heard: Heard
) -> None:
    process = start()
    heard.until_said("READY=1")
    project.write("remora-hub.toml", '[discovery]\nexclude = "pkg"\n')
    process.send_signal(signal.SIGHUP)
    heard.until_said("RELOADING=1")
    heard.until_said("READY=1")
    done = project.run("reload", code=78)
    assert "exclude" in done.stderr
    project.run("sync")
    assert project.json("status")["files"] == 3


def test_the_first_request_is_answered_on_a_handed_socket(project: Project, tmp_path: Path) -> None:
    """The socket outlives the hub: it is the manager's."""
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("systemd-socket-activate is not installed")
    project.paths.prepare_socket_directory()
    address = project.paths.socket
    handed_on = ["--setenv=XDG_RUNTIME_DIR"] if "XDG_RUNTIME_DIR" in os.environ else []
    command = ["systemd-socket-activate", *handed_on, f"--listen={address}", *HUB, str(project.root)]
    activate = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while not address.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)  # it announces to nobody that it listens
        with BlockingClient.wait_for(
            project.paths, _LONGEST_WAIT_S
        ) as client:  # bound, it may not listen yet
            status = client.call("hub/status")
            assert (status["pid"], status["socket"]) == (activate.pid, str(address))
        assert project.json("stop") == {"stopped": activate.pid}
        assert address.exists()
    finally:
        activate.kill()
        activate.communicate()


def test_a_socket_meant_for_another_process_is_ignored(project: Project, start: Start, heard: Heard) -> None:
    start(LISTEN_FDS="1", LISTEN_PID="1")
    heard.until_said("READY=1")
    assert project.json("status")["socket"] == str(project.paths.socket)


def test_what_is_handed_over_and_is_no_listening_socket_is_ignored(project: Project, tmp_path: Path) -> None:
    program = (
        "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid());"
        "os.dup2(os.open('/dev/null', os.O_RDONLY), 3); os.set_inheritable(3, True);"
        f"os.execv(sys.executable, {[*HUB, str(project.root)]!r})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "LISTEN_FDS": "1"}, stderr=subprocess.PIPE
    )
    with BlockingClient.wait_for(project.paths, _LONGEST_WAIT_S) as client:
        assert client.call("hub/status")["pid"] == process.pid
    process.terminate()
    _, log = process.communicate(timeout=_LONGEST_WAIT_S)
    assert process.returncode == 0
    assert "service_manager.no_socket" in [json.loads(line)["event"] for line in log.splitlines()]


def test_a_manager_that_is_gone_disturbs_nothing(project: Project, start: Start, heard: Heard) -> None:
    process = start()
    heard.until_said("READY=1")
    heard.close()
    Path(heard.address).unlink()
    project.run("sync")
    process.terminate()
    assert process.wait(_LONGEST_WAIT_S) == 0
