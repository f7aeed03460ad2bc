"""A real ``systemd --user`` in a mount and process namespace of its own, with a project whose hub is its service.

Skipped, with the reason, where systemd is not installed or no such namespace can be had. Nothing is installed for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from remora_hub.cli.service_units import escape_path
from remora_hub.paths import root_digest

UNITS = Path(__file__).parents[2] / "systemd"
sys.path.insert(0, str(UNITS.parent / "scripts"))
_SYSTEMD = next(
    (found for found in (Path("/lib/systemd/systemd"), Path("/usr/lib/systemd/systemd")) if found.exists()),
    None,
)
_PROGRAMS = Path(sys.executable).parent
_LONGEST_COMMAND_S = 90
_LONGEST_START_S = 60
# A private /run, in which sd_booted(3) is true; the shell stays process 1, which a user's manager must not be.
_BEGIN = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/user/0 && chmod 700 /run/user/0 || exit 1
"$0" --user --log-target=console --log-level=info &
wait $!
"""


class Manager:
    """The manager, and commands run beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "manager.log"
        (directory / "home").mkdir()
        self.environment = {
            "PATH": f"{_PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(directory / "home"),
            "XDG_RUNTIME_DIR": "/run/user/0",
            "LANG": "C.UTF-8",
        }
        own_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        unshare = ["unshare", *own_user, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*unshare, "sh", "-c", _BEGIN, str(_SYSTEMD)], env=self.environment, stdout=log, stderr=log
            )
        self._own_user = ["--user", "--preserve-credentials"] if own_user else []

    def command(self, *command: str) -> list[str]:
        """``command``, to be run where the manager is."""
        [inside] = psutil.Process(self._process.pid).children()
        return ["nsenter", "--target", str(inside.pid), *self._own_user, "--mount", "--pid", "--", *command]

    def run(self, *command: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command; fails unless it exits with ``code``."""
        done = subprocess.run(
            self.command(*command),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_LONGEST_COMMAND_S,
            check=False,
        )
        assert code in (None, done.returncode), (
            command,
            done.stdout,
            done.stderr,
            self.log.read_text()[-3000:],
        )
        return done

    def systemctl(self, *arguments: str, code: int | None = 0) -> str:
        return self.run("systemctl", "--user", *arguments, code=code).stdout.strip()

    def wait_until(self, condition: Callable[[], object], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.05)  # between two looks at a state that nothing announces to us

    def is_up(self) -> bool:
        if self._process.poll() is not None:
            pytest.skip(f"no manager can be run here: {self.log.read_text()[-300:]}")
        if not psutil.Process(self._process.pid).children():
            return False
        return self.run("systemctl", "--user", "show", "--property=Version", code=None).returncode == 0

    def close(self) -> None:
        if self._process.poll() is None:
            self.run("systemctl", "--user", "exit", code=None)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class HubService:
    """A project, and the units of its hub."""

    def __init__(self, manager: Manager, root: Path) -> None:
        self.manager = manager
        self.root = root
        self.unit = f"remora-hub@{escape_path(str(root))}.service"
        self.socket = f"remora-hub@{escape_path(str(root))}.socket"
        self.socket_path = f"/run/user/0/remora-hub/{root_digest(root)}.sock"

    def hub(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        return self.manager.run("remora-hub", *arguments, code=code)

    def ask(self, *arguments: str, code: int | None = 0) -> Any:
        return json.loads(self.hub(*arguments, "--root", str(self.root), "--json", code=code).stdout)

    def show(self, name: str) -> str:
        return self.manager.systemctl("show", f"--property={name}", "--value", self.unit)

    def drop_in(self, name: str, text: str) -> None:
        """Change the service as an administrator would."""
        directory = Path(self.manager.environment["HOME"], ".config/systemd/user", f"{self.unit}.d")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.conf").write_text(text)
        self.manager.systemctl("daemon-reload")

    def install(self) -> None:
        self.hub("service", "install", str(self.root))


@pytest.fixture(scope="session")
def tools() -> None:
    """systemd's own, or the tests are skipped."""
    for tool in ("systemd-analyze", "systemctl", "systemd-escape", "systemd-socket-activate"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


@pytest.fixture
def manager(tools: None, tmp_path: Path) -> Iterator[Manager]:
    if _SYSTEMD is None or shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("systemd, unshare or nsenter is not installed")
    (tmp_path / "manager").mkdir()
    turn = os.open(UNITS, os.O_RDONLY)
    fcntl.flock(turn, fcntl.LOCK_EX)  # two managers would take each other's control groups for their own
    made = Manager(tmp_path / "manager")
    try:
        made.wait_until(made.is_up, _LONGEST_START_S)
        yield made
    finally:
        made.close()
        os.close(turn)


@pytest.fixture
def service(manager: Manager, tmp_path: Path) -> HubService:
    """A small project whose name needs escaping; its service is not installed yet."""
    root = tmp_path / "my-project $HOME"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "own.py").write_text("def greet() -> None: ...\n")
    return HubService(manager, root)
