"""``kill -9`` at random moments: nothing is lost, nothing stands twice, little is done again."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.task_store import TaskStore

ITEMS = 1500
MOST_REDONE = 100

# Tells on standard output each item that the model is called for, as the call begins.
RUN = """
import asyncio, os, random, sys
from pathlib import Path
from remora_hub.enrich import Persistence, run_concurrent
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.task_store import TaskStore

async def process(item):
    os.write(1, b"%d\\n" % item)
    await asyncio.sleep(random.expovariate(100))
    return str(item)

with EnrichDatabase(Path(sys.argv[1])) as database:
    store = TaskStore(database, "t", model="m", prompt_version="1", encode=str.encode, decode=bytes.decode)
    cache = store if sys.argv[3] == "cache" else None
    keep = Persistence(sink=store, cache=cache, history=store, key=str, digest=lambda item: f"d{item}")
    run_concurrent(items=range(int(sys.argv[2])), process=process, limiter_name="t", persistence=keep)
"""


def run_until(database: Path, lines: int | None, mode: str) -> list[int]:
    """The items that were called for, until ``lines`` of them were told and the run was killed; None: until its end."""
    called = []
    command = [sys.executable, "-c", RUN, str(database), str(ITEMS), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            called.append(int(line))
            if len(called) == lines:
                run.kill()
    assert run.returncode in (0, -9)
    return called


@pytest.mark.parametrize("mode", ["cache", "no cache"])
def test_killed_at_any_moment_little_is_redone_nothing_lost_and_nothing_there_twice(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "enrich.db"
    chance = random.Random(11)
    called_before: set[int] = set()
    for kill in range(6):
        called = run_until(path, chance.randint(1, 350) if kill < 5 else None, mode)
        assert len(called) == len(set(called))
        assert len(called_before & set(called)) <= MOST_REDONE
        called_before |= set(called)
    with EnrichDatabase(path) as database:
        store = TaskStore(
            database, "t", model="m", prompt_version="1", encode=str.encode, decode=bytes.decode
        )
        stored = list(store.results())
    assert sorted(int(key) for key, _, _ in stored) == list(range(ITEMS))
    assert all(key == result for key, _, result in stored)
