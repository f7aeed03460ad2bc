"""The units in a real manager of a system: the system's own, and those of a user who is not root."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

System = Any  # conftest's SystemManager, which cannot be imported from here
heavy = pytest.mark.skipif("SYSTEMD_IN_FULL" not in os.environ, reason="scripts/systemd runs it")

ROOT = "/srv/my project"
INSTANCE = r"srv-my\x20project"
UNIT = f"remora-hub-system@{INSTANCE}.service"
STATE = f"/var/lib/remora-hub/{INSTANCE}"
USERS_UNIT = f"remora-hub@{INSTANCE}.service"


def show(system: System, name: str) -> str:
    return str(system.systemctl("show", f"--property={name}", "--value", UNIT))


def ask(system: System, *arguments: str) -> Any:
    command = ("remora-hub", *arguments, "--root", ROOT, "--state-dir", STATE, "--json")
    return json.loads(system.as_ada(*command).stdout)


def symbols(system: System, name: str) -> list[str]:
    ask(system, "sync")
    return [symbol["key"] for symbol in ask(system, "symbols", name)["symbols"]]


def write(system: System, name: str, text: str) -> None:
    system.as_ada("sh", "-c", 'printf "%s" "$1" >"$0"', f"{ROOT}/{name}", text)


def test_a_service_of_the_system_runs_as_the_roots_owner_and_answers_nobody_else(system: System) -> None:
    system.run("remora-hub", "service", "install", "--system", ROOT)
    assert show(system, "ActiveState") == "active"
    assert symbols(system, "greet") == ["node:own.py:greet"]
    assert system.run("stat", "--format=%U", f"/proc/{show(system, 'MainPID')}").stdout.strip() == "ada"
    assert system.run("stat", "--format=%U %a", STATE, f"{STATE}/hub.sock").stdout == "ada 700\nada 600\n"
    stranger = ("setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all")
    connect = f"import socket; socket.socket(socket.AF_UNIX).connect({STATE + '/hub.sock'!r})"
    assert "PermissionError" in system.run(*stranger, "python3", "-c", connect, code=1).stderr
    write(system, "remora-hub.toml", '[discovery]\nexclude = ["own.py"]\n')
    system.systemctl("reload", UNIT)
    assert symbols(system, "greet") == []
    write(system, "remora-hub.toml", '[discovery]\nexclude = "own.py"\n')
    system.systemctl("reload", UNIT, code=1)
    assert symbols(system, "greet") == []
    system.as_ada("rm", f"{ROOT}/remora-hub.toml")
    system.systemctl("stop", UNIT)
    assert show(system, "Result") == "success"
    assert symbols(system, "greet") == ["node:own.py:greet"]  # the socket started it
    assert show(system, "ActiveState") == "active"


@heavy
def test_a_service_of_the_system_comes_back_when_it_freezes_or_is_killed(system: System) -> None:
    system.run("remora-hub", "service", "install", "--system", ROOT)
    drop_in = f"/etc/systemd/system/{UNIT}.d/quick.conf"
    system.run("sh", "-c", 'printf "[Service]\\nWatchdogSec=2s\\nRestartSec=100ms\\n" >"$0"', drop_in)
    system.systemctl("daemon-reload")
    system.systemctl("restart", UNIT)
    assert symbols(system, "greet")
    for number, signal in enumerate(("STOP", "KILL"), start=1):
        system.run("kill", f"-{signal}", show(system, "MainPID"))
        system.wait_until(lambda number=number: show(system, "NRestarts") == str(number))
        system.wait_until(lambda: show(system, "ActiveState") == "active")
        assert symbols(system, "greet") == ["node:own.py:greet"]


@heavy
def test_uninstalling_from_the_system_leaves_nothing_but_the_index(system: System) -> None:
    system.run("remora-hub", "service", "install", "--system", ROOT)
    assert symbols(system, "greet")
    system.run("remora-hub", "service", "uninstall", "--system", ROOT)
    assert "remora" not in system.run("find", "/etc/systemd").stdout
    assert show(system, "LoadState") == "not-found"
    assert f"{STATE}/hub.db" in system.run("find", STATE).stdout


def test_a_user_who_is_not_root_has_a_service_with_all_protection_or_hears_why_not(system: System) -> None:
    def status(name: str) -> str:
        command = ("systemctl", "--user", "show", f"--property={name}", "--value", USERS_UNIT)
        return str(system.as_ada(*command).stdout.strip())

    uid = system.as_ada("id", "--user").stdout.strip()
    system.systemctl("start", f"user@{uid}.service")
    # Where no service of the system has had a sandbox yet, systemd 252 has nowhere to make one for a user's.
    has_sandboxes = system.run("test", "-d", "/run/systemd/unit-root", code=None).returncode == 0
    shown = system.as_ada("remora-hub", "service", "install", ROOT).stdout
    assert ("less hardening" in shown) == (status("ProtectSystem") == "no")
    assert not (has_sandboxes and "less hardening" in shown)
    assert status("ActiveState") == "active"
    system.run("mkdir", "-p", "/run/systemd/unit-root")
    system.as_ada("remora-hub", "service", "uninstall", ROOT)
    assert "less hardening" not in system.as_ada("remora-hub", "service", "install", ROOT).stdout
    assert (status("ActiveState"), status("ProtectSystem")) == ("active", "strict")
    write(system, "own.py", "def confined(): ...\n")
    system.as_ada("remora-hub", "sync", "--root", ROOT)
    assert "confined" in system.as_ada("remora-hub", "symbols", "confined", "--root", ROOT).stdout
    # It may write there, and does once nobody asks for anything.
    system.wait_until(lambda: "facts-" in system.as_ada("ls", "/home/ada/.cache/remora-hub").stdout)
