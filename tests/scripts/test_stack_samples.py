"""py-spy's samples: whose they are, which step they are in, which part of the hub."""

from __future__ import annotations

import pytest
from stack_samples import LANE, counted, package_of, read_samples, step_below

HUB = 'process 7:"python -m remora_hub index DIR"'
LANE_PROCESS = 'process 9:"python -P -c from remora_hub.pipeline.lane_start import main; main() 7"'


def test_a_sample_is_of_the_hubs_thread_without_its_number_or_of_a_lane() -> None:
    lines = [
        f"{HUB};thread (7);<module> (remora_hub/__main__.py:5) 3",
        f"{HUB};thread (8): indexing_4;read (remora_hub/discovery/read.py:30) 2",
        f"{HUB};{LANE_PROCESS};thread (9);<module> (<string>:1);main (remora_hub/pipeline/lane_main.py:49) 4",
    ]
    samples = read_samples("\n".join(lines) + "\n")
    assert counted(samples, lambda sample: sample.owner) == {"MainThread": 3, "indexing": 2, LANE: 4}
    assert samples[2].frames == ("<module> (<string>)", "main (remora_hub/pipeline/lane_main.py)")


def test_lines_of_one_function_count_together() -> None:
    samples = read_samples("thread (7);f (a.py:1) 1\nthread (7);f (a.py:2) 2\n")
    assert counted(samples, lambda sample: sample.frames[-1]) == {"f (a.py)": 3}


def test_what_is_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        read_samples("thread (7);f (a.py:1)\n")


@pytest.mark.parametrize(
    ("frames", "step"),
    [
        (("main (m.py)", "extract (e.py)", "parse (p.py)", "walk (p.py)"), "parse (p.py)"),
        (("main (m.py)", "extract (e.py)"), "extract (e.py)"),
        (("main (m.py)",), "outside"),
    ],
)
def test_a_step_is_what_a_function_called(frames: tuple[str, ...], step: str) -> None:
    assert step_below(frames, "extract", "outside") == step


def test_the_part_of_the_hub_is_the_innermost_file_of_its_package() -> None:
    within = ("f (remora_hub/store/writer.py)", "g (apsw/x.py)")
    importing = ("f (remora_hub/entry.py)", "_load (<frozen importlib._bootstrap>)", "h (pydantic/m.py)")
    assert package_of(within, "remora_hub") == "store/writer.py"
    assert package_of(importing, "remora_hub") == "imports"
    assert package_of(("g (apsw/x.py)",), "remora_hub") == "interpreter and libraries"
