"""``scripts/bench`` itself, with a stand-in for the interpreter and pip: nothing is downloaded or measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "bench"

# Makes an "environment" of itself, takes part in no installation, and says what it is to run.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
    *"-m venv"*)
        for directory; do :; done
        mkdir -p "$directory/bin" && cp "$0" "$directory/bin/python" ;;
    *bench.py*) echo "$0" "$@" && ls "$PYTHONPATH" >&2 ;;
    "-c import pip") [ "${0%/bin/python}" != "$0" ] ;;
esac
"""


@pytest.fixture
def python(tmp_path: Path) -> Path:
    path = tmp_path / "python"
    path.write_text(FAKE_PYTHON)
    path.chmod(0o755)
    return path


def bench(python: Path, tmp_path: Path, *arguments: str) -> list[str]:
    """What would be run. It finds a copy of the hub's sources, which nobody edits meanwhile."""
    environ = {"PATH": "/usr/bin:/bin", "PYTHON": str(python), "HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [BENCH, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert "remora_hub" in done.stderr.splitlines()
    return done.stdout.split()


@pytest.mark.parametrize("given", [("--state", "my"), ("--state=my",)])
def test_environment_and_results_are_in_the_state_that_is_named(
    python: Path, tmp_path: Path, given: tuple[str, ...]
) -> None:
    program, *arguments = bench(python, tmp_path, "--quick", *given)
    assert program == str(tmp_path / "my" / "environment" / "bin" / "python")
    assert arguments == [str(BENCH) + ".py", "--state", "my", "--quick", *given]


def test_without_a_name_they_are_in_the_users_cache(python: Path, tmp_path: Path) -> None:
    program, _, *arguments = bench(python, tmp_path)
    cache = tmp_path / "home" / ".cache" / "remora-hub-bench"
    assert program == str(cache / "environment" / "bin" / "python")
    assert arguments == ["--state", str(cache)]
