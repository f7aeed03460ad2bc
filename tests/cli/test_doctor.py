from __future__ import annotations

import json
import os
import pwd
import resource
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from remora_hub.cli import checks, checks_service, doctor
from remora_hub.cli.checks import Finding
from remora_hub.cli.main import cli
from remora_hub.cli.service_units import Service
from remora_hub.paths import StatePaths
from remora_hub.watch.mounts import Mount


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
    names = "python sqlite git descriptors root state database runtime disk filesystem inotify hub service config http"
    assert list(findings) == names.split()
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


@pytest.mark.parametrize("text", ["no program\0", "#!/bin/sh\nexit 3\n"])
def test_a_git_that_does_not_run_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    (tmp_path / "git").write_text(text)
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert checks.git().grade == "warning"


def test_what_cannot_be_looked_at_is_a_problem_of_its_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_paths: StatePaths) -> Finding:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(doctor, "ROOT_CHECKS", (closed,))
    exit_code, findings = examine()
    assert exit_code == 1
    assert "/somewhere" in findings["closed"].detail
    assert findings["http"].grade == "ok"


def test_a_database_that_is_none_is_told(root: Path) -> None:
    paths = StatePaths(root)
    paths.prepare()
    assert "not made yet" in checks.database(paths).detail
    paths.database.touch()
    assert checks.database(paths).grade == "ok"
    paths.database.write_text("this is no database")
    assert checks.database(paths).grade == "warning"
    paths.database.unlink()
    paths.database.mkdir()
    assert checks.database(paths).grade == "problem"


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


def test_a_state_directory_others_can_write_to_is_a_problem(root: Path) -> None:
    (root / ".remora").mkdir()
    (root / ".remora").chmod(0o777)
    found = checks.state_directory(StatePaths(root))
    assert (found.grade, found.remedy) == ("problem", f"chmod 700 {root / '.remora'}")


def test_a_socket_others_can_reach_is_a_problem(root: Path) -> None:
    paths = StatePaths(root)
    paths.prepare_socket_directory()
    with socket.socket(socket.AF_UNIX) as hub:
        hub.bind(str(paths.socket))
        paths.socket.chmod(0o666)
        assert checks.socket_directory(paths).grade == "problem"
        paths.socket.chmod(0o600)
        assert checks.socket_directory(paths).grade == "ok"


def test_a_file_system_that_tells_nothing_is_a_warning(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "read_mounts", lambda: [Mount(1, "/", "ext4")])
    assert checks.file_system(StatePaths(root)).grade == "ok"
    monkeypatch.setattr(checks, "read_mounts", lambda: [Mount(1, "/", "ext4"), Mount(2, str(root), "nfs4")])
    found = checks.file_system(StatePaths(root))
    assert found.grade == "warning"
    assert f"nfs4 at {root}" in found.detail


@pytest.mark.parametrize(("hard", "remedy"), [(4096, "ulimit -n 1024"), (256, "limits.conf")])
def test_too_few_descriptors_are_a_warning(monkeypatch: pytest.MonkeyPatch, hard: int, remedy: str) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, hard))
    found = checks.descriptors()
    assert found.grade == "warning"
    assert remedy in found.remedy


# systemd, by a stand-in for systemctl: what it says of a unit that runs is tested with the real one, in tests/systemd


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that says of every unit what the file ``state`` beside it holds."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "systemctl"
    program.write_text(f"#!/bin/sh\ncat {programs}/state\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(checks_service, "_LINGER", tmp_path / "linger")
    return programs / "state"


def test_without_systemd_or_without_a_unit_all_is_well(
    root: Path, systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "not installed" in checks_service.service(StatePaths(root)).detail
    monkeypatch.setenv("PATH", str(root))
    assert "no systemd" in checks_service.service(StatePaths(root)).detail


def test_a_service_that_failed_or_ends_with_its_session_is_told(root: Path, systemctl: Path) -> None:
    unit = Service(root, False)
    (unit.unit_directory / f"{unit.socket}.d").mkdir(parents=True)
    for state, grade, remedy in (
        ("failed", "problem", "service logs"),
        ("active", "warning", "enable-linger"),
        ("", "warning", "start it by hand"),
    ):
        systemctl.write_text(state)
        found = checks_service.service(StatePaths(root))
        assert (found.grade, remedy in found.remedy) == (grade, True), state
    systemctl.write_text("active")
    linger = systemctl.parents[1] / "linger"
    linger.mkdir()
    (linger / pwd.getpwuid(os.geteuid()).pw_name).touch()
    assert checks_service.service(StatePaths(root)).grade == "ok"


def test_a_port_that_is_somebody_elses_is_a_problem(root: Path) -> None:
    paths = StatePaths(root)
    assert checks_service.http(paths, 0).grade == "ok"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        assert "nobody listens" in checks_service.http(paths, port).detail
        other.listen()

        def hang_up() -> None:
            connection, _ = other.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert checks_service.http(paths, port).grade == "problem"
        thread.join()


def test_a_token_others_can_read_is_a_problem(root: Path) -> None:
    paths = StatePaths(root)
    paths.prepare()
    (paths.state_dir / "http.token").touch(0o644)
    found = checks_service.http(paths, 1)
    assert (found.grade, found.remedy.startswith("rm ")) == ("problem", True)
