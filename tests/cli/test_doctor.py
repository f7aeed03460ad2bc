from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from remora_hub.cli import checks
from remora_hub.cli.checks import Finding
from remora_hub.cli.main import cli
from remora_hub.paths import StatePaths


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A runtime directory whose sockets fit into an address; ``tmp_path`` is long under pytest-xdist."""
    with tempfile.TemporaryDirectory(prefix="rh-") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "pyproject.toml").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.chdir(directory)
    return directory


def examine(*options: str) -> tuple[int, dict[str, Finding]]:
    result = CliRunner().invoke(cli, ["doctor", "--json", *options])
    findings = [Finding(**found) for found in json.loads(result.stdout)["findings"]]
    for found in findings:
        assert bool(found.remedy) == (found.grade != "ok"), found
    return result.exit_code, {found.name: found for found in findings}


def test_a_sound_project_has_no_problem_and_is_left_as_it_was(root: Path, runtime: Path) -> None:
    exit_code, findings = examine()
    assert exit_code == 0
    assert {"python", "sqlite", "git", "config", "root", "state", "runtime", "disk", "inotify", "hub"} == set(
        findings
    )
    assert findings["hub"].detail == "not running"
    assert [entry.name for entry in root.iterdir()] == ["pyproject.toml"]
    assert list(runtime.iterdir()) == []


def test_each_problem_is_printed_with_its_remedy(root: Path) -> None:
    (root / "remora-hub.toml").write_text("[index]\nmax_indexing_workers = 0\n")
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "cannot use index.max_indexing_workers = 0" in result.stdout
    assert "config: change it there" in result.stdout


def test_without_a_project_the_machine_is_still_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    exit_code, findings = examine("--root", "/nonexistent")
    assert exit_code == 1
    assert findings["root"].grade == "problem"
    assert findings["sqlite"].grade == "ok"


def test_a_table_that_is_not_read_is_a_warning(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.remora-hub.store]\nbatch_ms = 1\n")
    (root / "remora-hub.toml").touch()
    exit_code, findings = examine()
    assert exit_code == 0
    assert findings["config"].grade == "warning"


def test_a_missing_git_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checks.git().grade == "warning"


def test_a_state_directory_that_is_a_link_is_a_problem(root: Path, tmp_path: Path) -> None:
    (root / ".remora").symlink_to(tmp_path)
    exit_code, findings = examine()
    assert exit_code == 1
    assert findings["state"].grade == "problem"


def test_a_runtime_directory_others_can_write_to_is_a_problem(runtime: Path) -> None:
    runtime.chmod(0o777)
    exit_code, findings = examine()
    assert exit_code == 1
    assert findings["runtime"].grade == "problem"


def test_too_few_watches_are_a_problem_that_names_the_sysctl(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = tmp_path / "inotify"
    limits.mkdir()
    (limits / "max_user_watches").write_text("2\n")
    (limits / "max_user_instances").write_text("1000000\n")
    monkeypatch.setattr(checks, "_INOTIFY_LIMITS", limits)
    for name in "abc":
        (root / name).mkdir()
    found = checks.inotify(StatePaths(root))
    assert found.grade == "problem"
    assert "fs.inotify.max_user_watches=" in found.remedy
    (limits / "max_user_instances").write_text("0\n")
    assert "fs.inotify.max_user_instances=" in checks.inotify(StatePaths(root)).remedy


def test_a_hub_that_answers_and_a_socket_left_behind_are_told_apart(root: Path) -> None:
    paths = StatePaths(root)
    paths.prepare_socket_directory()
    with socket.socket(socket.AF_UNIX) as hub:
        hub.bind(str(paths.socket))
        hub.listen()
        assert checks.hub_socket(paths).detail == f"answers on {paths.socket}"
    assert checks.hub_socket(paths).grade == "warning"
    paths.socket.unlink()
    paths.socket.touch()
    assert checks.hub_socket(paths).grade == "warning"
