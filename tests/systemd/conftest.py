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
from typing import Any, TypeVar

import psutil
import pytest

import remora_hub
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
_ADA = 61234
_LONGEST_START_S = 60
# A private /run, in which sd_booted(3) is true; the shell stays process 1, which a user's manager must not be.
_BEGIN = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/user/0 && chmod 700 /run/user/0 || exit 1
"$0" --user --log-target=console --log-level=info &
wait $!
"""


# A whole system in small: a root of its own laid over the real one, in which systemd is process 1 and nothing else is
# started. Everybody may come as far as the hub's program, and `ada` is somebody who is not root.
_BEGIN_SYSTEM = """
set -e
mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
rm -rf etc/systemd/system/*
mkdir -p etc/systemd/system/user-runtime-dir@.service.d etc/systemd/system/user@.service.d old home/ada srv
printf '[Unit]\\nDefaultDependencies=no\\n' >etc/systemd/system/bare.target
# What logind and PAM do for a session.
printf '[Service]\\nExecStart=\\nExecStart=/bin/install -d -m 700 -o %%i -g %%i /run/user/%%i\\nExecStop=\\n' \
    >etc/systemd/system/user-runtime-dir@.service.d/plain.conf
printf '[Service]\\nPAMName=\\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\\n' \
    >etc/systemd/system/user@.service.d/plain.conf
pivot_root . old && umount -l old
echo ada:x:61234:61234::/home/ada:/bin/sh >>/etc/passwd
echo ada:x:61234: >>/etc/group
chown ada:ada /home/ada
for directory in $2; do chmod a+x "$directory"; done
mkdir /run/user
exec env -i container=test "PATH=$PATH" "$0" --system --unit=bare.target --log-target=console --log-level=info
"""


class Manager:
    """The manager of a user, and commands run beside it."""

    scope: tuple[str, ...] = ("--user",)

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
                [*unshare, "sh", "-c", *self._begin()], env=self.environment, stdout=log, stderr=log
            )
        self._enter = [*(["--user", "--preserve-credentials"] if own_user else []), "--mount", "--pid"]

    def _begin(self) -> list[str]:
        """A shell's program and its arguments."""
        return [_BEGIN, str(_SYSTEMD)]

    def command(self, *command: str) -> list[str]:
        """``command``, to be run where the manager is."""
        [inside] = psutil.Process(self._process.pid).children()
        return ["nsenter", "--target", str(inside.pid), *self._enter, "--", *command]

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
        return self.run("systemctl", *self.scope, *arguments, code=code).stdout.strip()

    def wait_until(self, condition: Callable[[], object], within_s: float = 30.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.05)  # between two looks at a state that nothing announces to us

    def is_up(self) -> bool:
        if self._process.poll() is not None:
            pytest.skip(f"no manager can be run here: {self.log.read_text()[-300:]}")
        if not psutil.Process(self._process.pid).children():
            return False
        return self.run("systemctl", *self.scope, "show", "--property=Version", code=None).returncode == 0

    def close(self) -> None:
        if self._process.poll() is None:
            self.run("systemctl", *self.scope, "exit", code=None)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class SystemManager(Manager):
    """The manager of a system, whose own users are there: commands are run as root, or ``as_ada``."""

    scope = ()

    def __init__(self, directory: Path) -> None:
        (directory / "disk").mkdir()
        super().__init__(directory)
        self.environment = {"PATH": self.environment["PATH"], "HOME": "/root", "LANG": "C.UTF-8"}
        self._enter += ["--root", "--wd"]

    def _begin(self) -> list[str]:
        program = [Path(sys.executable), Path(sys.executable).resolve(), Path(remora_hub.__file__)]
        ways = sorted({str(parent) for path in program for parent in path.parents})
        return [_BEGIN_SYSTEM, str(_SYSTEMD), str(self.directory / "disk"), " ".join(ways)]

    def as_ada(self, *command: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command as a user, in a session of hers."""
        session = ["HOME=/home/ada", f"XDG_RUNTIME_DIR=/run/user/{_ADA}"]
        become = ["setpriv", f"--reuid={_ADA}", f"--regid={_ADA}", "--clear-groups", "env", *session]
        return self.run(*become, *command, code=code)

    def close(self) -> None:
        self._process.kill()  # process 1 goes with it, and takes all others along
        self._process.wait()


AnyManager = TypeVar("AnyManager", bound=Manager)


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
    yield from running(Manager, tmp_path)


@pytest.fixture
def system(tools: None, tmp_path: Path) -> Iterator[SystemManager]:
    """A system of its own, with a project of ada's in /srv/my project."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("a system of its own takes root, and setpriv")
    for made in running(SystemManager, tmp_path):
        made.run(
            "sh", "-ec",
            'mkdir -m 700 "/srv/my project"; cd "/srv/my project"; touch pyproject.toml;'
            'echo "def greet() -> None: ..." >own.py; chown -R ada:ada .',
        )  # fmt: skip
        if made.as_ada("remora-hub", "--version", code=None).returncode:
            pytest.skip("the hub's program is not on the root file system: nobody else can be shown it")
        yield made


def running(kind: type[AnyManager], directory: Path) -> Iterator[AnyManager]:
    """One that is up."""
    if _SYSTEMD is None or shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("systemd, unshare or nsenter is not installed")
    (directory / "manager").mkdir()
    turn = os.open(UNITS, os.O_RDONLY)
    fcntl.flock(turn, fcntl.LOCK_EX)  # two managers would take each other's control groups for their own
    made = kind(directory / "manager")
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
