"""The daemon that an editor's proxy starts is nobody's descendant, and its failure is told once."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from remora_hub.lsp_proxy import launcher
from remora_hub.lsp_proxy.hub_link import Places
from remora_hub.lsp_proxy.launcher import DaemonLauncher

_LONGEST_WAIT_S = 30

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Have a shell script take the place of the daemon; where it writes its process id."""

    def write(script: str) -> Path:
        pid = tmp_path / "pid"
        file = tmp_path / "daemon"
        file.write_text(f"#!/bin/sh\necho $$ >{pid}.new\nmv {pid}.new {pid}\n{script}\n")
        file.chmod(0o700)
        monkeypatch.setattr("remora_hub.lsp_proxy.guardian.sys.executable", str(file))
        return pid

    return write


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(str(tmp_path), str(tmp_path / ".remora"))


def within_time(find: Callable[[], object]) -> object:
    deadline = time.monotonic() + _LONGEST_WAIT_S
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.01)  # what is waited for is done by no child of this process: nothing tells of it
    return found


def test_once_it_answers_a_daemon_is_no_descendant_of_its_editor(program: Program, places: Places) -> None:
    pid = program("exec sleep 60")
    started = DaemonLauncher()
    started.launch(places)
    within_time(pid.exists)
    daemon = psutil.Process(int(pid.read_text()))
    try:
        assert started.failure() is None
        started.answers()
        within_time(lambda: daemon not in psutil.Process().children(recursive=True))
        assert daemon.is_running()
        assert os.getsid(daemon.pid) == daemon.pid
        assert started.failure() is None
    finally:
        daemon.kill()


def test_what_ended_it_is_told_once_and_another_can_be_started(program: Program, places: Places) -> None:
    program("echo 'remora-hub: the disk is on fire' >&2; echo noise >&2; exit 3")
    started = DaemonLauncher()
    for _ in range(2):
        started.launch(places)
        assert within_time(started.failure) == "the disk is on fire"
        assert started.failure() is None


def test_an_end_is_told_where_signals_of_children_are_ignored(program: Program, places: Places) -> None:
    program("echo 'remora-hub: the disk is on fire' >&2; exit 3")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        started = DaemonLauncher()
        started.launch(places)
        assert within_time(started.failure) == "the disk is on fire"
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_without_a_process_to_be_had_nothing_is_left_open(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fail)
    open_before = psutil.Process().num_fds()
    with pytest.raises(BlockingIOError):
        DaemonLauncher().launch(places)
    assert psutil.Process().num_fds() == open_before


def test_one_that_was_overtaken_by_another_is_no_failure(program: Program, places: Places) -> None:
    pid = program("exit 75")
    started = DaemonLauncher()
    started.launch(places)
    within_time(pid.exists)
    pid.unlink()

    def is_started_again() -> bool:
        assert started.failure() is None
        started.launch(places)
        return pid.exists()

    within_time(is_started_again)


def test_one_that_does_not_answer_is_told_once(
    program: Program, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "_LONGEST_START_S", 0.0)
    pid = program("exec sleep 60")
    started = DaemonLauncher()
    started.launch(places)
    try:
        assert "does not answer" in str(started.failure())
        assert started.failure() is None
    finally:
        within_time(pid.exists)
        os.kill(int(pid.read_text()), 9)
        started.answers()


def test_a_program_that_cannot_be_run_is_a_failure(
    places: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("remora_hub.lsp_proxy.guardian.sys.executable", str(tmp_path / "gone"))
    started = DaemonLauncher()
    started.launch(places)
    assert within_time(started.failure) == f"cannot run {tmp_path / 'gone'}: No such file or directory"


def test_no_place_for_its_log_is_a_failure(places: Places, tmp_path: Path) -> None:
    (tmp_path / ".remora").mkdir()
    (tmp_path / ".remora" / "hub.log").mkdir()
    started = DaemonLauncher()
    started.launch(places)
    assert "hub.log" in str(within_time(started.failure))
