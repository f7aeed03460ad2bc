"""Times a cold start and a restart of the hub beside bare tree-sitter parsing of the same files, in one run.

Bare parsing is ``Parser.parse`` of every file's bytes in as many processes as the hub has parse lanes, reading
included; it is the physical limit. Prints seconds, ratios (medians over the rounds), memory and the size on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil
import tree_sitter_python
from tree_sitter import Language, Parser

CHUNKS_PER_PROCESS = 32
HUB = [sys.executable, "-m", "remora_hub"]


def parse_files(paths: list[str]) -> int:
    """Parse the files at ``paths``; how many bytes that were."""
    parser = Parser(Language(tree_sitter_python.language()))
    size = 0
    for path in paths:
        data = Path(path).read_bytes()
        parser.parse(data)
        size += len(data)
    return size


def bare_parse(root: Path, processes: int) -> tuple[float, int, int]:
    """Seconds, files and bytes of parsing everything below ``root``."""
    started = time.perf_counter()
    paths = [str(path) for path in root.rglob("*.py*") if path.suffix in (".py", ".pyi") and path.is_file()]
    chunks = processes * CHUNKS_PER_PROCESS
    with ProcessPoolExecutor(processes) as pool:
        size = sum(pool.map(parse_files, [paths[start::chunks] for start in range(chunks)]))
    return time.perf_counter() - started, len(paths), size


def index(root: Path, state: Path) -> float:
    """Seconds of ``remora-hub index`` as a whole process."""
    started = time.perf_counter()
    subprocess.run([*HUB, "index", str(root), "--state-dir", str(state)], check=True, capture_output=True)
    return time.perf_counter() - started


def resident(root: Path, state: Path) -> float:
    """PSS of the daemon's process tree in MB after a cold start, its lanes still there."""
    place = ["--root", str(root), "--state-dir", str(state)]
    started = [*HUB, "start", str(root), "--state-dir", str(state), "--json"]
    pid = json.loads(subprocess.run(started, check=True, capture_output=True).stdout)["pid"]
    try:
        subprocess.run([*HUB, "sync", "--timeout", "600", *place], check=True, capture_output=True)
        hub = psutil.Process(pid)
        return sum(one.memory_full_info().pss for one in (hub, *hub.children(recursive=True))) / 1e6
    finally:
        subprocess.run([*HUB, "stop", *place], check=True, capture_output=True)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="Time a cold start beside bare parsing.")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    root = given.directory.resolve()
    processes = len(os.sched_getaffinity(0))
    bare, cold, warm = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch, "state")
        for _ in range(given.rounds):
            shutil.rmtree(state, ignore_errors=True)
            seconds, files, size = bare_parse(root, processes)
            bare.append(seconds)
            cold.append(index(root, state))
            warm.append(index(root, state))
        database = Path(state, "hub.db").stat().st_size
        shutil.rmtree(state)
        memory = resident(root, state)
    cold_ratio = statistics.median(one / base for one, base in zip(cold, bare, strict=True))
    warm_ratio = statistics.median(one / base for one, base in zip(warm, cold, strict=True))
    print(f"{files} files, {size / 1e6:.1f} MB, {processes} processes, {given.rounds} rounds")
    print(f"bare parse   {statistics.median(bare):6.2f} s")
    print(f"cold start   {statistics.median(cold):6.2f} s   {cold_ratio:.2f} x bare parse")
    print(f"restart      {statistics.median(warm):6.2f} s   {warm_ratio:.3f} x cold start")
    print(f"memory       {memory:6.0f} MB PSS, whole process tree after the cold start")
    print(f"on disk      {database / 1e6:6.1f} MB  {database / size:.2f} x the source")


if __name__ == "__main__":
    main()
