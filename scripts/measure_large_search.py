"""What ``Search.search`` takes end to end among many vectors of the default model: compared exactly, and not.

Django and SymPy, which ``scripts/measure-search`` has embedded, stand in a project as often as it takes. The vectors of
the first copies are the model's, those of the others lie near them. The questions about the two are asked; "alike" is
the share of the first ten results of the exact search that the other has, too. Filters leave some 1 % of the nodes.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
from measure_search import QUESTIONS, embedded
from peers import default_state

from remora_hub.answers import SearchResults
from remora_hub.config import EmbedConfig, HubConfig
from remora_hub.daemon.assembly import open_store
from remora_hub.enrich.batches import Batch, Finished
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.embed_nodes import vector_store
from remora_hub.enrich.embed.model import DEFAULT_MODEL
from remora_hub.enrich.embed.node_text import node_texts
from remora_hub.enrich.embed.search import Search
from remora_hub.enrich.embed.vectors import normalised, pack, unpack_all
from remora_hub.paths import StatePaths
from remora_hub.store.keys import NODE_PREFIX
from remora_hub.store.reader import Reader

NARROW = "**/utils"  # a glob for the path
STRAY = 0.02  # of each number of a copied vector, whose length is 1


def originals(state: Path) -> tuple[list[Path], dict[str, np.ndarray]]:
    """The roots of the embedded projects, and their vectors by key, the project's name before the path."""
    roots, vectors = [], {}
    for name in tomllib.loads(QUESTIONS.read_text()):
        paths = embedded(name, DEFAULT_MODEL, state)
        roots.append(paths.root)
        with EnrichDatabase(paths.enrich_database) as database:
            keys, _, bodies = zip(*vector_store(database, DEFAULT_MODEL).results(), strict=True)
        rows = unpack_all(bodies)
        named = (f"{name}/{key.removeprefix(NODE_PREFIX)}" for key in keys)
        vectors |= dict(zip(named, rows, strict=True))
    return roots, vectors


def made(state: Path, count: int) -> StatePaths:
    """A project with about ``count`` embedded nodes, as left by an earlier run or made now."""
    root = state / "large-search" / str(count)
    paths = StatePaths(root)
    if paths.enrich_database.exists():
        return paths
    roots, vectors = originals(state)
    for copy in range(-(-count // len(vectors))):
        for origin in roots:
            ignored = shutil.ignore_patterns(".remora", "remora-hub.toml")
            shutil.copytree(origin, root / f"copy_{copy}" / origin.name, ignore=ignored, dirs_exist_ok=True)
    (root / "remora-hub.toml").touch()
    subprocess.run(
        [sys.executable, "-m", "remora_hub", "index", root, "--set", "index.progress=never"],
        check=True,
        stdout=sys.stderr,
    )
    random = np.random.default_rng(0)
    with closing(Reader(paths.database)) as reader, EnrichDatabase(paths.enrich_database) as database:
        store = vector_store(database, DEFAULT_MODEL)
        items: list[Finished[bytes]] = []
        for _, rows in reader.rows_of(reader.paths()):
            for text in node_texts(rows):
                copy, _, key = text.key.removeprefix(NODE_PREFIX).partition("/")
                vector = vectors.get(key)
                if vector is not None and len(items) < count:
                    if copy != "copy_0":
                        (vector,) = normalised(vector[None] + random.normal(0, STRAY, (1, len(vector))))
                    items.append(Finished(len(items), text.key, text.digest, pack(vector)))
        store.write(Batch(0, tuple(items)))
    return paths


async def ask_all(search: Search, path: str | None = None) -> tuple[list[SearchResults], list[float]]:
    """The answers to all questions, and how many milliseconds each took."""
    answers, took_ms = [], []
    for questions in tomllib.loads(QUESTIONS.read_text()).values():
        for asked in questions:
            started = time.perf_counter()
            answers.append(await search.search(asked, kind=None, path=path, limit=10))
            took_ms.append((time.perf_counter() - started) * 1000)
    return answers, took_ms


async def measure(paths: StatePaths, exact_up_to: int, path: str | None) -> list[SearchResults]:
    """Ask in a session of its own, and print what it took."""
    store = await open_store(paths, HubConfig())
    config = EmbedConfig(model=DEFAULT_MODEL)
    search = Search(store, paths.enrich_database, config, exact_up_to=exact_up_to)
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    await search.search("where to begin", kind=None, path=None, limit=10)
    first_s = time.perf_counter() - started
    await search.wait_until_built()
    built_s = time.perf_counter() - started - first_s
    answers, took_ms = await ask_all(search, path)
    memory_mb = (psutil.Process().memory_info().rss - before) / 1e6
    p50, p99 = np.percentile(took_ms, (50, 99))
    print(
        f"first answer {first_s:.1f} s, cells {built_s:.1f} s later, then p50 {p50:.1f} ms, p99 {p99:.1f} ms; "
        f"{memory_mb:.0f} MB",
        flush=True,
    )
    await search.close()
    await store.close()
    return answers


async def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000, help="about how many")
    parser.add_argument("--state", type=Path, default=default_state(), help="where projects are kept")
    given = parser.parse_args()
    paths = await asyncio.to_thread(made, given.state, given.vectors)
    for path in (None, NARROW):
        print(f"{given.vectors} vectors, path {path or 'any'}")
        of_all, of_some = [await measure(paths, most, path) for most in (given.vectors, 0)]
        alike = total = 0
        for exact, other in zip(of_all, of_some, strict=True):
            keys = {hit.key for hit in exact.hits}
            alike += len(keys & {hit.key for hit in other.hits})
            total += len(keys)
        print(f"alike: {alike / total:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
