"""A hub that is interrupted while it starts and while it stops, or is started in surroundings that lack something."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import pytest

from remora_hub.client.blocking import BlockingClient

Project = Any  # conftest's
Run = Callable[..., "subprocess.Popen[bytes]"]
HUB = (sys.executable, "-P", "-m", "remora_hub", "run")
_LONGEST_WAIT_S = 60

# As the entry point, with a hangup at the moment the configuration is read for the first time.
HUNG_UP = """
import os, signal, sys
import remora_hub.config
read = remora_hub.config.load_config
def load_config(*arguments):
    remora_hub.config.load_config = read
    os.kill(os.getpid(), signal.SIGHUP)
    return read(*arguments)
remora_hub.config.load_config = load_config
sys.argv = ["remora-hub", "run", sys.argv[1]]
from remora_hub.entry import main
main()
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start a process whose standard error is in ``log``; it is ended."""
    started = []

    def run(*command: str, **options: Any) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(command, stderr=log, start_new_session=True, **options)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def events(directory: Path) -> list[str]:
    lines = (directory / "log").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def wait_for(project: Project) -> BlockingClient:
    return BlockingClient.wait_for(project.paths, _LONGEST_WAIT_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_while_it_stops_change_nothing(project: Project, run: Run, number: int) -> None:
    process = run(*HUB, str(project.root))
    with wait_for(project) as client:
        client.call("hub/sync")
    process.terminate()
    code = None
    while code is None:  # without a pause: some of them come in its very last moment
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(0.001)
    assert code == 0


def test_a_hangup_before_it_is_up_is_a_reload_once_it_is(project: Project, run: Run, tmp_path: Path) -> None:
    process = run(sys.executable, "-P", "-c", HUNG_UP, str(project.root))
    with wait_for(project) as client:
        client.call("hub/sync")
        client.call("hub/reload")  # behind the one asked for by the signal
    process.terminate()
    assert process.wait(_LONGEST_WAIT_S) == 0
    assert "config.reloaded" in events(tmp_path)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_become_files_of_the_hub(
    project: Project, run: Run, closed: str
) -> None:
    process = run("sh", "-c", f'exec "$@" {closed}', "sh", *HUB, str(project.root))
    with wait_for(project) as client:
        client.call("hub/sync")
        assert client.call("hub/status")["files"] == 3
        for number in closed.replace("<&-", "0").replace("2>&-", "2").replace(">&-", "1").split():
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
    process.terminate()
    assert process.wait(_LONGEST_WAIT_S) == 0


def test_a_log_that_nobody_reads_any_more_ends_nothing(project: Project) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen([*HUB, str(project.root), "--verbose"], stderr=writing)
    os.close(writing)
    try:
        with wait_for(project) as client:
            os.close(reading)
            project.write("own.py", "def unheard(): ...\n")
            client.call("hub/sync")
            assert client.call("hub/symbols", {"query": "unheard"})["symbols"]
        process.terminate()
        assert process.wait(_LONGEST_WAIT_S) == 0
    finally:
        process.kill()
        process.wait()


def test_as_many_files_may_be_open_as_the_system_allows(project: Project, run: Run) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit is not installed")  # a part of util-linux, which a small container may lack
    process = run("prlimit", "--nofile=256:2048", *HUB, str(project.root))
    with wait_for(project) as client:
        client.call("hub/status")
    limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    assert next(line for line in limits if line.startswith("Max open files")).split()[3:5] == ["2048", "2048"]


@pytest.mark.parametrize("command", ["start", "symbols"])
def test_who_comes_while_a_hub_stops_waits_for_its_end(project: Project, run: Run, command: str) -> None:
    process = run(*HUB, str(project.root))
    with wait_for(project) as client:
        client.call("hub/sync")
        locking = apsw.Connection(str(project.paths.database))
        locking.execute("BEGIN IMMEDIATE")  # so that it takes long to stop
        project.write("own.py", "def late(): ...\n")
        while not client.call("hub/status")["pending"]:
            pass
        process.terminate()
        with suppress(OSError):  # it listens no more, and hangs up on nobody until it ends
            while project.paths.socket.exists():
                pass
    arguments = {"start": ["start"], "symbols": ["symbols", "late"]}[command]
    coming = subprocess.Popen([sys.executable, "-m", "remora_hub", *arguments], cwd=project.root)
    try:
        assert process.wait(_LONGEST_WAIT_S) == 0
        locking.execute("ROLLBACK")
        locking.close()
        assert coming.wait(_LONGEST_WAIT_S) == 0
    finally:
        coming.kill()
        coming.wait()
    assert project.json("symbols", "late", "--sync")["symbols"]


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("name", ["hub.lock", "hub.log"])
@pytest.mark.parametrize("make", [make_fifo, make_directory])
def test_what_stands_in_the_place_of_a_file_is_named_and_nobody_waits_for_it(
    project: Project, make: Callable[[Path], None], name: str
) -> None:
    project.paths.prepare()
    make(project.paths.state_dir / name)
    project.run("stop", code=69)
    assert name in project.run("start", code=74).stderr
