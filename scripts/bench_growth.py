"""What ten times the files cost: copies of the same thousand real files, each with names and imports of its own."""

from __future__ import annotations

import random
import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bare_parse import bare_parse_s, source_files
from bench_contenders import HubOnDisk
from bench_plan import Bench
from bench_projects import Project
from bench_results import BARE, HUB, Row, Samples
from peers_timing import Probes, ask_socket
from process_memory import wait_until_resting

_COPIED_FILES = 1000
_WORD = re.compile(rb"[A-Za-z_]\w*")
_DEFINITION = re.compile(rb"^(?:class|def|async def) +(\w+)", re.MULTILINE)
_LARGE_FILES = 50_000  # from here on one round: minutes each
_LONGEST_REST_S = 60.0


def measure_growth(bench: Bench, project: Project) -> list[Row]:
    """Rows ``grown_index_N``, ``grown_symbols_N`` and ``grown_definition_N`` for each size N of the tree."""
    rows = []
    for size in bench.plan.sizes:
        root = bench.scratch / "grown" / f"{project.name}-{size}"
        shutil.rmtree(root, ignore_errors=True)
        grow(project, root, size, bench.plan.seed)
        rows += _measure_size(bench, project, root, size)
        shutil.rmtree(root)
    return rows


def _measure_size(bench: Bench, project: Project, root: Path, size: int) -> list[Row]:
    hub = HubOnDisk(root)
    files = source_files(root)
    samples = Samples()
    for _ in range(1 if size >= _LARGE_FILES else bench.plan.rounds):
        samples.add("index", BARE, bare_parse_s(files, bench.plan.processes))
        bench.index_ctags(root, "index", samples)
        hub.forget()
        started = time.perf_counter()
        hub.index()
        samples.add("index", HUB, time.perf_counter() - started)
    hub.start()
    wait_until_resting([hub.pid()], _LONGEST_REST_S)  # what it makes ready behind the index grows as well
    with hub.client() as client:
        found = ask_socket(client, Probes.draw(root, bench.plan.questions, bench.plan.seed))
    hub.forget()
    rows = [
        bench.row(project, f"grown_index_{size}", f"full index, {size:,} files", "s", samples.cells("index"))
    ]
    for question in ("symbols", "definition"):
        samples.add(question, HUB, statistics.median(found[question].first_pass))
        title = f"{question} p50, {size:,} files, by socket"
        rows.append(bench.row(project, f"grown_{question}_{size}", title, "ms", samples.cells(question)))
    return rows


def grow(project: Project, root: Path, size: int, seed: int) -> None:
    """Write ``size`` files below ``root``: a sample of the project's, copied over and over.

    In the copy ``copy_0007`` what the sample defines at the margin ends in ``_0007``, and its absolute imports of the
    project go to the copy. So no two files have the same bytes, and every copy stands for a package of its own.
    """
    chance = random.Random(seed)  # noqa: S311  # a sample is no secret
    sampled = chance.sample(project.files, min(_COPIED_FILES, size, len(project.files)))
    sources = {file: (project.root / file).read_bytes() for file in sampled}
    names = _defined_names(sources.values())
    packages = {Path(file).parts[0].encode() for file in sampled if len(Path(file).parts) > 1}
    for number in range(-(-size // len(sampled))):
        rename = _renamer(names, f"_{number:04}".encode())
        imports = _importer(packages, f"copy_{number:04}".encode())
        for file in sampled[: size - number * len(sampled)]:
            path = root / f"copy_{number:04}" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            source = imports(_WORD.sub(rename, sources[file]))
            path.write_bytes(source + b"\n# copy %d\n" % number)


def _defined_names(sources: Iterable[bytes]) -> frozenset[bytes]:
    """What the sources define at the margin; not the shortest names, which may be anything's."""
    return frozenset(name for source in sources for name in _DEFINITION.findall(source) if len(name) > 3)


def _renamer(names: frozenset[bytes], suffix: bytes) -> Callable[[re.Match[bytes]], bytes]:
    return lambda found: found[0] + suffix if found[0] in names else found[0]


def _importer(packages: set[bytes], prefix: bytes) -> Callable[[bytes], bytes]:
    if not packages:
        return lambda source: source
    pattern = re.compile(
        rb"^(\s*(?:from|import) +)(%s)\b" % b"|".join(map(re.escape, sorted(packages))), re.MULTILINE
    )
    return lambda source: pattern.sub(rb"\1" + prefix + rb".\2", source)
