"""Times a cold start and a restart of the hub beside bare tree-sitter parsing of the same files, in one run.

Prints seconds, ratios (medians over the rounds), memory and the size on disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bare_parse import bare_parse_s, source_files
from peers_hub import HUB, running_hub
from process_memory import tree_pss_mb


def index(root: Path, state: Path) -> float:
    """Seconds of ``remora-hub index`` as a whole process, with nothing known of any file."""
    command = [*HUB, "index", str(root), "--state-dir", str(state), "--set", "index.facts_cache_mb=0"]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def resident(root: Path, state: Path) -> float:
    """PSS of the daemon's process tree in MB after a cold start, its lanes still there."""
    with running_hub(root, state) as client:
        return tree_pss_mb([client.call("hub/status")["pid"]])


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="Time a cold start beside bare parsing.")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    root = given.directory.resolve()
    processes = len(os.sched_getaffinity(0))
    files = source_files(root)
    size = sum(path.stat().st_size for path in files)
    bare, cold, warm = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch, "state")
        os.environ["XDG_CACHE_HOME"] = str(
            Path(scratch, "cache")
        )  # the daemon's: not that of whoever measures
        for _ in range(given.rounds):
            shutil.rmtree(state, ignore_errors=True)
            bare.append(bare_parse_s(files, processes))
            cold.append(index(root, state))
            warm.append(index(root, state))
        database = Path(state, "hub.db").stat().st_size
        shutil.rmtree(state)
        memory = resident(root, state)
    cold_ratio = statistics.median(one / base for one, base in zip(cold, bare, strict=True))
    warm_ratio = statistics.median(one / base for one, base in zip(warm, cold, strict=True))
    print(f"{len(files)} files, {size / 1e6:.1f} MB, {processes} processes, {given.rounds} rounds")
    print(f"bare parse   {statistics.median(bare):6.2f} s")
    print(f"cold start   {statistics.median(cold):6.2f} s   {cold_ratio:.2f} x bare parse")
    print(f"restart      {statistics.median(warm):6.2f} s   {warm_ratio:.3f} x cold start")
    print(f"memory       {memory:6.0f} MB PSS, whole process tree after the cold start")
    print(f"on disk      {database / 1e6:6.1f} MB  {database / size:.2f} x the source")


if __name__ == "__main__":
    main()
