"""The units in a real user manager."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

Service = Any  # conftest's, which cannot be imported from here
heavy = pytest.mark.skipif("SYSTEMD_IN_FULL" not in os.environ, reason="scripts/systemd runs it")


def symbols(service: Service, name: str) -> list[str]:
    service.hub("sync", "--root", str(service.root))
    return [symbol["key"] for symbol in service.ask("symbols", name)["symbols"]]


def host_pid(service: Service) -> int:
    """The hub's process id outside the manager's namespace."""
    inside = int(service.show("MainPID"))
    for entry in Path("/proc").iterdir():
        try:
            lines = (entry / "status").read_text().splitlines() if entry.name.isdigit() else []
            command = (entry / "cmdline").read_bytes() if lines else b""
        except OSError:
            continue
        pids = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
        if len(pids) > 1 and int(pids[-1]) == inside and os.fsencode(service.root) in command:
            return int(pids[0])
    raise AssertionError("no such process")


def test_an_installed_service_is_ready_and_says_how_it_stands(service: Service) -> None:
    service.install()
    assert service.show("ActiveState") == "active"
    assert symbols(service, "greet") == ["node:own.py:greet"]
    service.manager.wait_until(
        lambda: service.show("StatusText").startswith("ready: 1 files, 2 nodes; queue 0, lag")
    )
    assert service.ask("status")["socket"] == service.socket_path
    found = service.hub("service", "status", str(service.root)).stdout
    assert "active (running)" in found
    assert "ready: 1 files" in found
    assert Path(service.root, ".remora", "hub.db").exists()
    assert int(service.show("WatchdogTimestampMonotonic")) > 0


def test_the_watchdog_restarts_a_frozen_hub_and_nothing_is_lost(service: Service) -> None:
    service.drop_in("watchdog", "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n")
    service.install()
    assert symbols(service, "greet")
    first = service.show("MainPID")
    os.kill(host_pid(service), signal.SIGSTOP)
    (service.root / "own.py").write_text("def frozen(): ...\n")
    service.manager.wait_until(lambda: service.show("NRestarts") == "1")
    service.manager.wait_until(lambda: service.show("ActiveState") == "active")
    assert service.show("MainPID") != first
    assert symbols(service, "frozen") == ["node:own.py:frozen"]


@heavy
def test_a_hub_that_is_killed_is_restarted(service: Service) -> None:
    service.drop_in("quick", "[Service]\nRestartSec=100ms\n")
    service.install()
    os.kill(host_pid(service), signal.SIGKILL)
    service.manager.wait_until(lambda: service.show("NRestarts") == "1")
    assert symbols(service, "greet") == ["node:own.py:greet"]


def test_reload_takes_up_the_configuration_and_refuses_a_wrong_one(service: Service) -> None:
    service.install()
    assert symbols(service, "greet")
    pid = service.show("MainPID")
    (service.root / "remora-hub.toml").write_text('[discovery]\nexclude = ["own.py"]\n')
    service.manager.systemctl("reload", service.unit)
    assert symbols(service, "greet") == []
    (service.root / "remora-hub.toml").write_text('[discovery]\nexclude = "own.py"\n')
    service.manager.systemctl("reload", service.unit, code=1)
    service.manager.wait_until(lambda: service.show("ActiveState") == "active")
    assert symbols(service, "greet") == []
    (service.root / "remora-hub.toml").unlink()
    for _ in range(20):
        os.kill(host_pid(service), signal.SIGHUP)
    service.manager.wait_until(lambda: symbols(service, "greet") == ["node:own.py:greet"])
    service.manager.wait_until(lambda: service.show("ActiveState") == "active")
    assert service.show("MainPID") == pid


def test_the_first_request_starts_the_hub_and_one_that_stopped_comes_back(service: Service) -> None:
    service.install()
    service.manager.systemctl("stop", service.unit)
    for _ in range(2):
        assert service.show("ActiveState") == "inactive"
        status = service.ask("status")
        assert status["socket"] == service.socket_path
        assert service.show("ActiveState") in ("active", "activating")
        assert symbols(service, "greet") == ["node:own.py:greet"]
        service.hub("stop", "--root", str(service.root))
        service.manager.wait_until(lambda: service.show("ActiveState") == "inactive")
    assert service.manager.run("test", "-S", service.socket_path)


@heavy
def test_an_idle_hub_ends_and_the_next_client_finds_one(service: Service) -> None:
    (service.root / "remora-hub.toml").write_text("[daemon]\nidle_exit_s = 1\n")
    service.install()
    service.manager.wait_until(lambda: service.show("ActiveState") == "inactive")
    assert service.show("Result") == "success"
    assert symbols(service, "greet") == ["node:own.py:greet"]


@heavy
def test_stop_is_quick_in_the_middle_of_a_hanging_parse_and_leaves_no_process(service: Service) -> None:
    (service.root / "remora-hub.toml").write_text("[index]\nparse_timeout_s = 600.0\n")
    service.install()
    service.manager.wait_until(
        lambda: service.ask("status").get("state") == "ready"
    )  # else it is the first index's
    (service.root / "hang.py").write_bytes(b"\\\n" * 40_000)
    service.manager.wait_until(lambda: service.ask("status").get("workers", {}).get("busy"))
    began = time.monotonic()
    service.manager.systemctl("stop", service.unit)
    assert time.monotonic() - began < 5  # FAULTS.md, L1
    assert service.show("Result") == "success"
    assert service.manager.run("pgrep", "-f", "remora.hub", code=None).stdout == ""


@heavy
def test_memory_beyond_the_limit_is_not_had(service: Service) -> None:
    service.drop_in("memory", "[Service]\nMemoryHigh=infinity\nMemoryMax=150M\nMemorySwapMax=0\n")
    service.install()
    if service.show("MemoryCurrent") in ("[not set]", "18446744073709551615"):
        pytest.skip("the manager has no memory controller here")
    assert symbols(service, "greet")
    # Dense code: a lane wants some 200 MB for a megabyte of it.
    (service.root / "dense.py").write_text("a=[" + "1," * 600_000 + "]\n")
    service.hub("sync", "--root", str(service.root), code=None)
    omitted = service.ask("status", "--omitted").get("omitted_files", [])
    assert [file["path"] for file in omitted] == ["dense.py"]
    assert service.show("NRestarts") == "0"
    assert symbols(service, "greet") == ["node:own.py:greet"]


@heavy
def test_a_root_that_is_replaced_is_indexed_again(service: Service) -> None:
    service.drop_in("quick", "[Service]\nRestartSec=100ms\n")
    service.install()
    assert symbols(service, "greet")
    aside = service.root.with_name("aside")
    service.root.rename(aside)
    service.root.mkdir()
    (service.root / "pyproject.toml").write_text("")
    (service.root / "other.py").write_text("def fresh(): ...\n")
    service.manager.wait_until(
        lambda: (
            service.hub("sync", "--root", str(service.root), code=None).returncode == 0
            and service.ask("status").get("files") == 1
            and symbols(service, "fresh") == ["node:other.py:fresh"]
        )
    )


@heavy
def test_the_target_starts_and_stops_all_that_are_enabled(service: Service) -> None:
    service.install()
    target = "remora-hub.target"
    service.manager.systemctl("start", target)
    service.manager.systemctl("stop", target)
    service.manager.wait_until(lambda: service.show("ActiveState") == "inactive")
    service.manager.systemctl("start", target)
    service.manager.wait_until(lambda: service.show("ActiveState") == "active")


@heavy
def test_uninstalling_leaves_nothing_but_the_index(service: Service) -> None:
    service.install()
    service.hub("service", "install", str(service.root))  # again does no harm
    assert symbols(service, "greet")
    service.hub("service", "uninstall", str(service.root))
    units = Path(service.manager.environment["HOME"], ".config/systemd/user")
    assert [found for found in units.rglob("*") if "remora" in found.name] == []
    assert service.show("LoadState") == "not-found"
    assert service.hub("service", "status", str(service.root), code=69)
    assert (service.root / ".remora" / "hub.db").exists()


@heavy
def test_a_hub_started_by_hand_is_not_fought_with(service: Service) -> None:
    service.hub("start", str(service.root))
    done = service.hub("service", "install", str(service.root), code=75)
    assert "remora-hub stop" in done.stderr
    service.hub("stop", "--root", str(service.root))
