"""Directories listed by a fork: as a walk lists them, or not at all; and the fork is gone behind it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

# Forks are made by a process without threads: that of the tests has some.
_PROGRAM = """
import json, os, signal, sys, threading, time
from pathlib import Path
import psutil
from remora_hub.discovery import forked_walk
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk_directories

root = Path(sys.argv[1])
before = psutil.Process().num_fds()
exec(sys.argv[4])
def make_rules():
    exec(sys.argv[3])
    return SourceRules(root)
walk = forked_walk.ForkedWalk(root, make_rules)
[fork] = psutil.Process().children()
exec(sys.argv[2])
found = walk.directories() if walk else None
_, left = psutil.wait_procs([fork], 60)
for thread in threading.enumerate():  # one that begins may open a file for a moment, as glibc does for its memory
    if thread is not threading.main_thread():
        thread.join(60)
expected = walk_directories(root, SourceRules(root)) if root.exists() else None
print(json.dumps([found == expected, found is None, len(left), psutil.Process().num_fds() - before]))
"""
AS_A_WALK, NOT_AT_ALL = [True, False, 0, 0], [False, True, 0, 0]


def listed(root: Path, meanwhile: str = "", in_fork: str = "", at_first: str = "") -> Any:
    command = [sys.executable, "-P", "-c", _PROGRAM, str(root), meanwhile, in_fork, at_first]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(ended.stdout)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Of more directories than a pipe holds the names of."""
    for number in range(150):
        for name in ("a" * 100, "b" * 100, "__pycache__"):
            (tmp_path / f"{number:0100}" / (name * 2) / name).mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("b*/\n")
    return tmp_path


def test_directories_are_those_of_a_walk(tree: Path) -> None:
    assert listed(tree) == AS_A_WALK


def test_a_fork_that_ends_early_tells_nothing(tree: Path) -> None:
    assert listed(tree, meanwhile="fork.kill()", in_fork="signal.pause()") == NOT_AT_ALL
    assert listed(tree, in_fork="raise OSError") == NOT_AT_ALL


def test_a_root_that_is_gone_is_left_to_the_next_walk(tmp_path: Path) -> None:
    assert listed(tmp_path / "nowhere")[1:] == NOT_AT_ALL[1:]


def test_what_was_listed_too_long_ago_is_of_no_use(tree: Path) -> None:
    assert listed(tree, meanwhile="walk._good_until_s = time.monotonic()") == NOT_AT_ALL


def test_a_fork_that_takes_too_long_is_not_waited_for(tree: Path) -> None:
    meanwhile = "walk._good_until_s = time.monotonic() + 0.01"
    assert listed(tree, meanwhile, in_fork="signal.pause()") == NOT_AT_ALL


def test_one_that_nobody_asks_is_ended(tree: Path) -> None:
    assert listed(tree, meanwhile="walk.close(); walk.close(); walk = None")[1:] == NOT_AT_ALL[1:]


def test_who_was_told_to_ignore_the_end_of_children_lists_them_all_the_same(tree: Path) -> None:
    assert listed(tree, at_first="signal.signal(signal.SIGCHLD, signal.SIG_IGN)") == AS_A_WALK


def test_a_fork_ends_when_the_process_is_killed_that_it_tells(
    tree: Path, are_gone: Callable[[list[psutil.Process], float], bool]
) -> None:
    killed = "print(fork.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    command = [sys.executable, "-P", "-c", _PROGRAM, str(tree), killed, "", ""]
    # The fork holds its output, too: while that runs, this waits.
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):
        assert are_gone([psutil.Process(int(ended.stdout))], 60)
