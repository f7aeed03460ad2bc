"""What survives ``kill -9``: whole commits, whole files, and a file that SQLite finds sound."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from remora_hub.store import NodeStateStore

# Generation after generation, every file's nodes are named and digested after the generation; each commit is told on
# standard output after it was promised.
WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import make_replacement
from remora_hub.store import NodeStateStore

async def main():
    async with await NodeStateStore.open(Path(sys.argv[1]), extractor_version=1) as store:
        generation = int(sys.argv[3])
        while True:
            generation += 1
            nodes = [{"name": f"f{n}", "digest": str(generation)} for n in range(20)]
            writes = [
                store.apply([make_replacement(f"a{group}_{n}.py", nodes, digest=str(generation)) for n in range(5)])
                for group in range(4)
            ]
            commits = await asyncio.gather(*writes)
            print(generation, max(commit.seq for commit in commits), flush=True)

asyncio.run(main())
"""


def kill_after(database: Path, generation: int, lines: int, delay_s: float) -> tuple[int, int]:
    """Let the writer tell of ``lines`` generations and go on for ``delay_s``, then kill it; the last line it told."""
    arguments = [sys.executable, "-c", WRITER, str(database), str(Path(__file__).parent), str(generation)]
    told = (generation, 0)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        killer = threading.Timer(delay_s, writer.kill)
        for line in writer.stdout:
            if not line.endswith("\n"):
                break  # it was killed in the middle of telling
            generation, sequence = map(int, line.split())
            told = generation, sequence
            lines -= 1
            if lines == 0:
                killer.start()
    assert writer.returncode == -signal.SIGKILL
    return told


async def test_killed_at_any_moment_every_file_is_whole_and_every_promise_kept(database):
    choose = random.Random(20240229)
    generation = 0
    for _ in range(10):
        generation, sequence = kill_after(database, generation, choose.randint(1, 6), choose.uniform(0, 0.03))
        async with await NodeStateStore.open(database, extractor_version=1) as store:
            assert store.rebuilt_reason is None
            assert await store.integrity_check() == []
            assert store.sequence() >= sequence
            for path, known in store.reader.fingerprints().items():
                bodies = [
                    json.loads(body)
                    for body in store.reader.node_records(await store.list_keys(f"node:{path}:")).values()
                ]
                assert len(bodies) == 20
                assert {body["digest"] for body in bodies} == {known.digest}
                assert (await store.get_file(path)).digest == known.digest
                assert int(known.digest) >= generation
            generation = max(int(known.digest) for known in store.reader.fingerprints().values())
