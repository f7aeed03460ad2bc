"""Samples of stacks as py-spy's format "raw" has them: read, and counted by what a person asks about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

LANE = "lane"
_LANE_MODULE = "lane_start"
_LINE_NUMBER = re.compile(r":\d+\)$")
_THREAD = re.compile(r"^thread \(\w+\)(?:: (.+))?$")
_NUMBERED = re.compile(r"[-_]?\d+$")


@dataclass(frozen=True, slots=True)
class Sample:
    """One stack, how often it was met, and whose it was: ``lane``, or the name of a thread of the hub's own process.

    ``frames`` are ``function (file)``, the outermost first.
    """

    owner: str
    frames: tuple[str, ...]
    count: int


def read_samples(text: str) -> list[Sample]:
    """The samples of a file of py-spy's. Raises ValueError for a line that is none."""
    return [_sample(line) for line in text.splitlines() if line]


def _sample(line: str) -> Sample:
    stack, _, count = line.rpartition(" ")
    owner, frames, is_lane = "MainThread", [], False
    for part in stack.split(";"):
        if part.startswith("process "):
            is_lane = is_lane or _LANE_MODULE in part
        elif thread := _THREAD.match(part):
            owner = _NUMBERED.sub("", thread[1] or owner)
        elif part.endswith(")"):  # a command line that holds a semicolon comes in parts
            frames.append(_LINE_NUMBER.sub(")", part))
    return Sample(LANE if is_lane else owner, tuple(frames), int(count))


def counted(samples: Iterable[Sample], key: Callable[[Sample], str]) -> Counter[str]:
    """How many samples there are of each ``key``."""
    counts: Counter[str] = Counter()
    for sample in samples:
        counts[key(sample)] += sample.count
    return counts


def step_below(frames: Sequence[str], function: str, otherwise: str) -> str:
    """The frame that ``function`` (a whole frame's name) called, or itself, or ``otherwise`` where it is not met."""
    for frame, called in zip(frames, [*frames[1:], None], strict=True):
        if frame.partition(" (")[0] == function:
            return called or frame
    return otherwise


def package_of(frames: Sequence[str], package: str) -> str:
    """The innermost file of ``package`` that the stack is in; imports count as such."""
    if any("importlib._bootstrap>" in frame for frame in frames):
        return "imports"
    marker = f"({package}/"
    inside = next((frame for frame in reversed(frames) if marker in frame), None)
    return "interpreter and libraries" if inside is None else inside.partition(marker)[2].rstrip(")")
