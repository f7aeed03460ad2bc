"""Says where the time of the hub goes, by samples (py-spy), in seconds of one core and in multiples of bare parsing.

``index`` samples a cold start with its parse lanes, and times the extraction of each file beside bare parsing of it.
``queries`` samples a daemon that is asked for symbols, definitions and references: whoever holds the interpreter then.
Neither changes the directory. Sampling costs time, and a thread that waits for a core counts as one that has it: shares
say more than seconds, and a machine with other work says little.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import tree_sitter_python
from bare_parse import source_files
from peers_hub import HUB, running_hub
from peers_timing import Probes, ask_socket
from stack_samples import LANE, Sample, counted, package_of, read_samples, step_below
from tree_sitter import Language, Parser

from remora_hub.extract.extract import Extractor

_RATE_HZ = 250
_SHOWN = 15
_SLOWEST = 5
_PY_SPY = str(Path(sys.executable).with_name("py-spy"))
_RECORD = (_PY_SPY, "record", "--rate", str(_RATE_HZ), "--threads", "--format", "raw", "--output")


def main() -> int:
    """Sample and print."""
    parser = argparse.ArgumentParser(prog="scripts/profile", description="Say where the hub's time goes.")
    parser.add_argument("what", choices=("index", "queries"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--questions", type=int, default=300, help="of each kind (default: 300)")
    parser.add_argument("--output", type=Path, help="keep the samples here, for speedscope or flamegraph.pl")
    given = parser.parse_args()
    root = given.directory.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        recorded = given.output or Path(scratch, "samples.txt")
        state = Path(scratch, "state")
        try:
            if given.what == "index":
                profile_index(root, state, recorded)
            else:
                profile_queries(root, state, recorded, given.questions)
        except subprocess.CalledProcessError as error:
            print(f"{error.cmd[0]} ended with {error.returncode}:\n{error.stderr}", file=sys.stderr)
            return 1
    return 0


def profile_index(root: Path, state: Path, recorded: Path) -> None:
    """A cold start of ``root``."""
    files = source_files(root)
    bare_s, extracted_s = lane_times(files)
    command = [*HUB, "index", str(root), "--state-dir", str(state)]
    record([*_RECORD, str(recorded), "--subprocesses", "--", *command])
    samples = read_samples(recorded.read_text())
    unit_s = sum(bare_s)
    print(
        f"{len(files)} files; bare parsing takes {unit_s:.2f} s of one core, the unit of the second column\n"
    )
    print_shares("by thread, and the lanes", counted(samples, lambda sample: sample.owner), unit_s)
    lanes = [sample for sample in samples if sample.owner == LANE]
    print_shares("in the lanes, by step", counted(lanes, _lane_step), unit_s)
    print_hub([sample for sample in samples if sample.owner != LANE], unit_s)
    print_lane_times(files, bare_s, extracted_s)


def profile_queries(root: Path, state: Path, recorded: Path, questions: int) -> None:
    """A daemon under questions, its index complete."""
    probes = Probes.draw(root, questions, seed=1)
    with running_hub(root, state) as client:
        pid = str(client.call("hub/status")["pid"])
        command = [*_RECORD, str(recorded), "--gil", "--pid", pid]  # without it idle threads count, too
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as sampling:
            found = ask_socket(client, probes)
            sampling.send_signal(2)  # as Ctrl-C: py-spy writes what it has
            _, said = sampling.communicate()
        if sampling.returncode:
            raise subprocess.CalledProcessError(sampling.returncode, command, stderr=said)
    for question, series in found.items():
        print(
            f"{question:12} p50 {series.p50:8.2f} ms, of {len(series.first_pass)} asked twice, while sampled"
        )
    print()
    print_hub(read_samples(recorded.read_text()), None)


def record(command: Sequence[str]) -> None:
    """Run py-spy. Raises CalledProcessError, with what it said: most often that it may not trace."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def lane_times(files: Sequence[Path]) -> tuple[list[float], list[float]]:
    """Seconds of bare parsing and of extraction, by file, one behind the other in this process."""
    parser, extractor = Parser(Language(tree_sitter_python.language())), Extractor()
    bare_s, extracted_s = [], []
    for path in files:
        data = path.read_bytes()
        started = time.perf_counter()
        tree = parser.parse(data)
        parsed = time.perf_counter()
        del tree  # to free it is no part of either
        begun = time.perf_counter()
        extractor.extract(path.name, data)
        extracted_s.append(time.perf_counter() - begun)
        bare_s.append(parsed - started)
    return bare_s, extracted_s


def print_hub(samples: Sequence[Sample], unit_s: float | None) -> None:
    """The hub's own process: by file of its own, and by function wherever that is."""
    print_shares("in the hub's process, by file", counted(samples, _file), unit_s)
    print_shares("in the hub's process, by function", counted(samples, _innermost), unit_s)


def print_shares(title: str, counts: Counter[str], unit_s: float | None) -> None:
    """Seconds of the most frequent, each in multiples of ``unit_s`` too, where that is given."""
    print(f"{title}: {counts.total() / _RATE_HZ:.2f} s")
    for name, count in counts.most_common(_SHOWN):
        seconds = count / _RATE_HZ
        multiple = f"{seconds / unit_s:8.2f}" if unit_s else ""
        print(f"  {seconds:8.2f}{multiple}  {name}")
    print()


def print_lane_times(files: Sequence[Path], bare_s: Sequence[float], extracted_s: Sequence[float]) -> None:
    """What extraction takes beside bare parsing in one process, and the files that take longest."""
    print(f"extraction alone, in one process: {sum(extracted_s) / sum(bare_s):.2f} x bare parsing; longest:")
    slowest = sorted(zip(extracted_s, bare_s, files, strict=True), reverse=True)[:_SLOWEST]
    for extracted, bare, path in slowest:
        print(
            f"  {extracted * 1e3:8.1f} ms, {extracted / bare:5.2f} x bare, {path.stat().st_size:9,} bytes  {path}"
        )


def _lane_step(sample: Sample) -> str:
    return step_below(sample.frames, "Extractor.extract", "outside of extraction: start, pipes, encoding")


def _file(sample: Sample) -> str:
    return package_of(sample.frames, "remora_hub")


def _innermost(sample: Sample) -> str:
    return sample.frames[-1] if sample.frames else "(native)"


if __name__ == "__main__":
    sys.exit(main())
