"""Starts the hub on a project, with its state elsewhere, asks it and stops it again."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from peers import Peers
from peers_client import Place
from peers_truth import Asked, Question

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import HubError
from remora_hub.paths import StatePaths

HUB = (sys.executable, "-m", "remora_hub")
_LONGEST_INDEX_S = 600.0
_METHODS: dict[Question, str] = {"definitions": "hub/definition", "references": "hub/references"}


@contextmanager
def running_hub(root: Path, state_dir: Path) -> Iterator[BlockingClient]:
    """A client of a hub that has indexed all of ``root``. Raises CalledProcessError if it cannot be started."""
    run_command("start", str(root), "--state-dir", str(state_dir))
    try:
        with BlockingClient.connect(StatePaths(root, state_dir)) as client:
            client.call("hub/sync", {"timeout_s": _LONGEST_INDEX_S}, timeout_s=2 * _LONGEST_INDEX_S)
            yield client
    finally:
        run_command("stop", "--root", str(root), "--state-dir", str(state_dir))


def run_command(*arguments: str) -> Any:
    """What a command of ``remora-hub`` prints with ``--json``. Raises CalledProcessError, noting what it said."""
    try:
        done = subprocess.run([*HUB, *arguments, "--json"], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
    return json.loads(done.stdout)


def places(answers: Sequence[dict[str, Any]]) -> list[Place]:
    """Where the hub's answers are."""
    return [Place(answer["path"], answer["line"], answer["column"]) for answer in answers]


def ask_hub(
    peers: Peers, question: Question, asked: Sequence[Asked]
) -> Iterator[tuple[Asked, list[dict[str, Any]]]]:
    """Each name with the hub's answer, project by project; no answer where it fails, which is said on stderr."""
    method = _METHODS[question]
    for project, group in groupby(asked, key=lambda one: one.project):
        root = peers.project(project)
        with tempfile.TemporaryDirectory() as state, running_hub(root, Path(state)) as client:
            for one in group:
                name = one.name
                where = {"path": name.path, "line": name.line, "column": name.column}
                try:
                    yield one, client.call(method, where)[question]
                except HubError as error:
                    print(f"{project}/{name.path}:{name.line} {name.name}: {error}", file=sys.stderr)
                    yield one, []
