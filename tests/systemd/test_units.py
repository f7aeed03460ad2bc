"""The unit files under systemd's own eyes, and what installing them comes to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from unit_protection import REQUIRED, weaknesses

from remora_hub.cli.service_units import escape_path
from remora_hub.paths import root_digest

UNITS = Path(__file__).parents[2] / "systemd"
# In tenths, of at most 20: no less protection than there is today.
EXPOSURE = {"remora-hub@.service": 15, "remora-hub-system@.service": 6}
SERVICES = tuple(EXPOSURE)
CHECK = UNITS.parent / "scripts" / "unit_protection.py"
HUB = (sys.executable, "-P", "-m", "remora_hub")
# The name of a unit, and which manager's it is.
ALL = [(path.name, "system" if "system" in path.name else "user") for path in sorted(UNITS.iterdir())]


def exposure(unit: Path) -> subprocess.CompletedProcess[str]:
    """The project's own check of a service, as ``scripts/systemd`` makes it: fails above the threshold."""
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE[unit.name]}",
        "--no-pager",
    ]
    return subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "scope"), ALL)
def test_a_unit_is_without_fault(tools: None, tmp_path: Path, name: str, scope: str) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "verify", f"--{scope}", "--recursive-errors=no", str(UNITS / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_exposed_little(tools: None, name: str) -> None:
    done = exposure(UNITS / name)
    assert done.returncode == 0, done.stdout[-200:]


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    "weaker",
    [
        "NoNewPrivileges=no",
        "ProtectSystem=no",
        "PrivateUsers=no",
        "PrivateNetwork=no",
        "RestrictAddressFamilies=",
        "SystemCallFilter=",
        "CapabilityBoundingSet=~",
    ],
)
def test_a_weakened_service_fails_the_check(tools: None, tmp_path: Path, name: str, weaker: str) -> None:
    lines = (UNITS / name).read_text().splitlines()
    kept = [line for line in lines if not line.startswith(weaker.partition("=")[0] + "=")]
    kept.insert(kept.index("[Service]") + 1, weaker)
    (tmp_path / name).write_text("\n".join(kept) + "\n")
    assert exposure(tmp_path / name).returncode != 0


def lines_that_say_something(text: str) -> list[str]:
    return [line for line in text.splitlines() if "=" in line and not line.startswith("#")]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_unit_without_any_one_of_its_protections_fails_the_check(name: str) -> None:
    text = (UNITS / name).read_text()
    assert list(weaknesses(name, text)) == []
    protections = [
        line for line in lines_that_say_something(text) if REQUIRED[name].get(line.partition("=")[0])
    ]
    assert len(protections) > 1
    for line in protections:
        assert list(weaknesses(name, text.replace(f"{line}\n", ""))), line
        key = line.partition("=")[0]
        assert list(weaknesses(name, text.replace(line, f"{key}=@debug"))), line


@pytest.mark.parametrize(
    "added",
    [
        "ReadWritePaths=/",
        "CapabilityBoundingSet=CAP_SYS_ADMIN",
        "SystemCallFilter=@mount",
        "RestrictAddressFamilies=AF_INET",
        "BindPaths=/etc",
        "ExecStartPre=+/bin/true",
        "PermissionsStartOnly=yes",
        "MemoryMax=infinity",
        "ProtectSystem=no",
        "ExecStart=+/usr/bin/env remora-hub run %f",
        "User=root",
    ],
)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_takes_back_a_protection_fails_the_check(
    tmp_path: Path, name: str, added: str
) -> None:
    changed = tmp_path / name
    changed.write_text((UNITS / name).read_text().replace("\n[Install]", f"{added}\n\n[Install]"))
    done = subprocess.run(
        [sys.executable, str(CHECK), str(changed)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert added.partition("=")[0] in done.stdout


@pytest.mark.parametrize(
    "path", ["/", "/home/a b/ü-x/.y/z.w", "/.hidden//d/", "/a\\b", "/$HOME/%i", "/" + "\udcff".join("ab")]
)
def test_instances_are_escaped_as_systemd_does(tools: None, path: str) -> None:
    done = subprocess.run(
        ["systemd-escape", "--path", "--", os.fsencode(path)], capture_output=True, check=True
    )
    assert escape_path(path) == os.fsdecode(done.stdout).strip()


def dry_run(directory: Path, *options: str) -> str:
    root = directory / "root"
    root.mkdir()
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(directory / "config"),
        "XDG_RUNTIME_DIR": str(directory),
    }
    command = [*HUB, "service", "install", "--dry-run", *options, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert list(directory.rglob("*")) == [root]
    return done.stdout


def test_a_dry_run_shows_everything_and_does_nothing(tmp_path: Path) -> None:
    shown = dry_run(tmp_path)
    instance = escape_path(str(tmp_path / "root"))
    assert f"write {tmp_path}/config/systemd/user/remora-hub@.service" in shown
    assert f"remora-hub@{instance}.socket.d/10-socket.conf" in shown
    assert f"{root_digest(tmp_path / 'root')}.sock" in shown
    assert f"run systemctl --user start remora-hub@{instance}.service" in shown


def test_the_network_is_opened_only_for_who_asks(tmp_path: Path) -> None:
    assert "AF_INET" not in dry_run(tmp_path)
    (tmp_path / "root").rmdir()
    assert "IPAddressAllow=localhost" in dry_run(tmp_path, "--network", "loopback")
    (tmp_path / "root").rmdir()
    assert "IPAddressAllow=localhost" in dry_run(tmp_path, "--set", "http.port=8123")


def test_a_dry_run_of_a_service_of_the_system_names_its_user(tmp_path: Path) -> None:
    shown = dry_run(tmp_path, "--system", "--user", "nobody")
    assert "User=nobody" in shown
    assert "SocketUser=nobody" in shown
    assert f"/var/lib/remora-hub/{escape_path(str(tmp_path / 'root'))}" in shown


def test_without_systemd_the_command_says_what_to_do_instead(tmp_path: Path) -> None:
    done = subprocess.run(
        [*HUB, "service", "install", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(tmp_path)},
    )
    assert done.returncode == 69
    assert "remora-hub start" in json.loads(done.stdout)["error"]["message"]


def test_the_wheel_carries_the_units() -> None:
    project = tomllib.loads((UNITS.parent / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["systemd"] == "remora_hub/systemd"  # where cli.service_units looks for them
