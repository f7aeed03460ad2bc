"""What a tree of processes takes, on real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from process_memory import process_tree, tree_pss_mb, wait_until_resting

# Starts a child, says so, and waits for the end of its input; so does the child, of the same input.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"])
print(child.pid, flush=True)
sys.stdin.read()
child.wait()
"""


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        yield parent.pid, int(parent.stdout.readline())


def test_a_tree_is_the_processes_and_all_below_them_each_once(family: tuple[int, int]) -> None:
    assert {process.pid for process in process_tree([*family, family[0]])} == set(family)


def test_the_memory_of_a_tree_is_more_than_that_of_its_child(family: tuple[int, int]) -> None:
    parent, child = family
    assert tree_pss_mb([parent]) > tree_pss_mb([child]) > 0


def test_who_has_ended_takes_nothing_and_rests() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert tree_pss_mb([ended.pid]) == 0
    wait_until_resting([ended.pid], longest_s=60)


def test_waiting_for_rest_ends_though_nobody_rests() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        wait_until_resting([busy.pid], longest_s=0.5)
        assert busy.poll() is None
        busy.kill()
    assert process_tree([os.getpid()])
