"""Bare tree-sitter parsing in several processes: the physical limit of whatever indexes the same files.

It is ``Parser.parse`` of every file's bytes, reading and the start of the processes included.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import tree_sitter_python
from tree_sitter import Language, Parser

_CHUNKS_PER_PROCESS = 32


def source_files(root: Path) -> list[Path]:
    """Every Python source below ``root``, sorted."""
    return sorted(path for path in root.rglob("*.py*") if path.suffix in (".py", ".pyi") and path.is_file())


def parse_files(paths: Sequence[Path]) -> int:
    """Parse the files at ``paths``; how many bytes that were."""
    parser = Parser(Language(tree_sitter_python.language()))
    size = 0
    for path in paths:
        data = path.read_bytes()
        parser.parse(data)
        size += len(data)
    return size


def bare_parse_s(paths: Sequence[Path], processes: int) -> float:
    """Seconds of parsing the files at ``paths``."""
    started = time.perf_counter()
    chunks = processes * _CHUNKS_PER_PROCESS
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(parse_files, [paths[start::chunks] for start in range(chunks)]))
    return time.perf_counter() - started
