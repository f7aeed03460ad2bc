"""What a hub begins before it imports what it needs: in processes of their own, none of which stays behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from remora_hub.config import HubConfig
from remora_hub.daemon.early_start import early_start
from remora_hub.paths import StatePaths
from remora_hub.pipeline import spelling_process

# Forks are made by a process without threads, as a hub is at its start: tests are not.
_PROGRAM = """
import sys, threading
from pathlib import Path
import psutil
from remora_hub.config import HubConfig
from remora_hub.config.model import WatchConfig
from remora_hub.daemon.early_start import early_start
from remora_hub.paths import StatePaths

config = HubConfig(watch=WatchConfig(polling=sys.argv[2]))
before = psutil.Process().num_fds()
with early_start(StatePaths(Path(sys.argv[1])), config) as (spelling, walk):
    print(spelling, walk and sorted(walk.directories().items()))
_, left = psutil.wait_procs(psutil.Process().children(), 60)
for thread in threading.enumerate():  # one that begins may open a file for a moment, as glibc does for its memory
    if thread is not threading.main_thread():
        thread.join(60)
assert left == [] and psutil.Process().num_fds() == before
"""

_SESSION = """
import asyncio, sys
from pathlib import Path
import psutil
from remora_hub.config import HubConfig
from remora_hub.daemon.early_start import early_start
from remora_hub.paths import StatePaths

paths = StatePaths(Path(sys.argv[1]))
with early_start(paths, HubConfig()) as early:
    from remora_hub.daemon.session import Session

    async def open_and_close():
        async with await Session.open(paths, HubConfig(), lambda: 0.0, early=early):
            assert len(psutil.Process().children()) == 1

    asyncio.run(open_and_close())
    _, left = psutil.wait_procs(psutil.Process().children(), 60)
    assert left == []
"""


@pytest.fixture
def indexed(tmp_path: Path) -> StatePaths:
    paths = StatePaths(tmp_path)
    paths.prepare()
    paths.database.touch()
    return paths


def readers_of(root: Path) -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if str(root) in one.cmdline()]


def began(paths: StatePaths, polling: str) -> str:
    command = [sys.executable, "-P", "-c", _PROGRAM, str(paths.root), polling]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_where_nothing_is_indexed_names_are_looked_for_while_the_hub_is_imported(tmp_path: Path) -> None:
    with early_start(StatePaths(tmp_path), HubConfig()) as (spelling, walk):
        assert (spelling is None, walk) == (False, None)
        [reader] = readers_of(tmp_path)
    _, left = psutil.wait_procs([reader], 60)
    assert left == []


def test_where_something_is_directories_are_listed(indexed: StatePaths) -> None:
    (indexed.root / "pkg/__pycache__").mkdir(parents=True)
    inodes = [(path, (indexed.root / path).stat().st_ino) for path in ("", "pkg")]
    assert began(indexed, "auto") == f"None {inodes}"


def test_a_session_that_ends_before_it_watches_ends_the_listing(indexed: StatePaths) -> None:
    command = [sys.executable, "-P", "-c", _SESSION, str(indexed.root)]
    subprocess.run(command, check=True, timeout=120)


def test_who_only_polls_needs_no_directories(indexed: StatePaths) -> None:
    assert began(indexed, "always") == "None None"


def test_without_a_process_to_be_had_the_hub_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(spelling_process.subprocess, "Popen", fail)
    monkeypatch.setattr(os, "fork", fail)
    before = psutil.Process().num_fds()
    for _ in range(2):
        with early_start(StatePaths(tmp_path), HubConfig()) as early:
            assert early == (None, None)
        StatePaths(tmp_path).prepare()
        StatePaths(tmp_path).database.touch()
    assert psutil.Process().num_fds() == before
