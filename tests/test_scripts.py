"""The scripts, with stand-ins for the interpreter and pip: nothing is downloaded."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[1]

FAKE_PYTHON = """#!/bin/sh
case "$*" in
    *ensurepip*) exit {ensurepip} ;;
    *version_info\\[:2\\]*) echo 3.11 ;;
    *"-m venv"*)
        for directory; do :; done
        mkdir -p "$directory/bin" && cp "$0" "$directory/bin/python" ;;
    *"-m pip"*)
        echo "$*" >>"{log}"
        printf '#!/bin/sh\\necho "$$ $PWD: $*"\\n' >"$(dirname "$0")/remora-hub"
        chmod +x "$(dirname "$0")/remora-hub" ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "a project"
    # Other processes import from there: what they compile comes and goes.
    shutil.copytree(PROJECT / "scripts", directory / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", directory)
    return directory


def fake_python(tmp_path: Path, *, has_venv: bool = True) -> Path:
    path = tmp_path / "python"
    path.write_text(FAKE_PYTHON.format(ensurepip=int(not has_venv), log=tmp_path / "pip.log"))
    path.chmod(0o755)
    return path


class Finished(NamedTuple):
    pid: int
    status: int | None
    out: str
    err: str


def run(project: Path, *arguments: str, cwd: Path, **environ: str) -> Finished:
    with subprocess.Popen(
        [project / "scripts" / "run", *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, err = process.communicate()
        return Finished(process.pid, process.returncode, out, err)


def test_run_makes_the_environment_once_and_becomes_the_hub(project: Path, tmp_path: Path) -> None:
    python = fake_python(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for _ in range(2):
        finished = run(project, "some dir", "-v", cwd=elsewhere, PYTHON=str(python))
        assert finished.out == f"{finished.pid} {elsewhere}: run some dir -v\n"
    (installed,) = (tmp_path / "pip.log").read_text().splitlines()
    assert f"{project}[uvloop]" in installed


def test_a_changed_pyproject_or_a_moved_project_is_installed_again(project: Path, tmp_path: Path) -> None:
    python = str(fake_python(tmp_path))
    run(project, cwd=tmp_path, PYTHON=python)
    with (project / "pyproject.toml").open("a") as file:
        file.write("\n")
    run(project, cwd=tmp_path, PYTHON=python)
    moved = project.rename(tmp_path / "moved")
    run(moved, cwd=tmp_path, PYTHON=python)
    run(moved, cwd=tmp_path, PYTHON=python)
    assert len((tmp_path / "pip.log").read_text().splitlines()) == 3


def test_a_python_without_venv_names_the_package_to_install(project: Path, tmp_path: Path) -> None:
    python = fake_python(tmp_path, has_venv=False)
    finished = run(project, cwd=tmp_path, PYTHON=str(python))
    assert finished.status == 1
    assert "python3.11-venv" in finished.err
    assert not (project / ".venv").exists()


def test_a_named_python_that_does_not_do_is_named(project: Path, tmp_path: Path) -> None:
    finished = run(project, cwd=tmp_path, PYTHON="/nonexistent/python")
    assert finished.status == 1
    assert "PYTHON=/nonexistent/python" in finished.err


def test_without_any_python_the_version_needed_is_said(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cksum", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    finished = run(project, cwd=tmp_path, PATH=str(tools))
    assert finished.status == 1
    assert "Python 3.11 or newer is needed" in finished.err
