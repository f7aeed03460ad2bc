"""The real command line on a small real project; every daemon that was started is stopped."""

from __future__ import annotations

import asyncio.locks
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client.blocking import BlockingClient
from remora_hub.holder import read_holder
from remora_hub.paths import StatePaths

_LONGEST_COMMAND_S = 100


@dataclass
class Project:
    """A root, and the commands run in it."""

    root: Path

    @property
    def paths(self) -> StatePaths:
        return StatePaths(self.root)

    def write(self, path: str, source: str) -> None:
        """In one step: a hub on a busy machine may look between two, and commit twice."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        unfinished = (self.root / path).with_name("unfinished")
        unfinished.write_text(source)
        unfinished.replace(self.root / path)

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command in the root; fails unless it exits with ``code`` (None: with any)."""
        done = subprocess.run(
            [sys.executable, "-m", "remora_hub", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=_LONGEST_COMMAND_S,
            check=False,
        )
        assert code in (None, done.returncode), (arguments, done.stdout, done.stderr)
        return done

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """The one line of JSON a command prints."""
        [line] = self.run(*arguments, "--json", code=code).stdout.splitlines()
        return json.loads(line)

    def connect(self) -> BlockingClient:
        return BlockingClient.connect(self.paths)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal to the daemon; its process id."""
        holder = read_holder(self.paths.lock)
        assert holder is not None
        os.kill(holder.pid, number)
        return holder.pid


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Two modules of the standard library and one of our own."""
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    source = Path(asyncio.locks.__file__).parent
    for name in ("locks.py", "queues.py"):
        shutil.copy(source / name, root / "pkg" / name)
    made = Project(root)
    made.write("pyproject.toml", "")
    made.write(
        "own.py", '@cached\nasync def greet(name: str) -> str:\n    """Say hello."""\n\nLIMIT: int = 3\n'
    )
    yield made
    holder = read_holder(made.paths.lock)
    if holder is not None:
        with suppress(ProcessLookupError):  # a test that killed it left its name behind
            os.kill(holder.pid, signal.SIGKILL)


@pytest.fixture
def running(project: Project) -> Project:
    """The same with its daemon."""
    project.run("start")
    project.run("sync")
    return project
