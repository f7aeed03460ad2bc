"""What installing a service comes to: which unit files say what, and which commands of systemd's make it run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import remora_hub
from remora_hub.errors import UsageError
from remora_hub.paths import MAX_SOCKET_PATH_BYTES, StatePaths

SYSTEM_STATE = Path("/var/lib/remora-hub")  # %S/remora-hub of the system's manager
_LONGEST_UNIT_NAME = 255  # systemd: UNIT_NAME_MAX
_KEEPS_PATH = "/usr/local/bin:/usr/bin:/bin"
_BACKOFF_SINCE_VERSION = 254  # RestartSteps=, RestartMaxDelaySec=
_BACKOFF = "RestartSec=1s\nRestartSteps=8\nRestartMaxDelaySec=5min\n"
# Where users may not make user namespaces, their managers cannot give a service a mount namespace, nor take from its
# bounding set capabilities that it has none of.
_NO_NAMESPACES = """\
PrivateUsers=no
PrivateMounts=no
PrivateDevices=no
PrivateIPC=no
PrivateNetwork=no
ProtectSystem=no
ReadWritePaths=
ProtectClock=no
ProtectControlGroups=no
ProtectHostname=no
ProtectKernelLogs=no
ProtectKernelModules=no
ProtectKernelTunables=no
ProtectProc=default
CapabilityBoundingSet=~
"""

Network = Literal["none", "loopback", "any"]
_FAMILIES = "PrivateNetwork=no\nRestrictAddressFamilies=AF_INET AF_INET6\n"
_NETWORK: Mapping[Network, str] = {
    "none": "",
    "loopback": f"{_FAMILIES}IPAddressAllow=localhost\n",
    "any": f"{_FAMILIES}IPAddressDeny=\n",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """``files`` to write, ``directories`` to make (mode, owner), ``commands`` to run, and what is ``removed``."""

    files: Mapping[Path, str]
    commands: Sequence[Sequence[str]]
    directories: Sequence[tuple[Path, int, str]] = ()
    removed: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """The units of one root, of the user's manager or of the system's; ``user`` is whose the latter's hub is."""

    root: Path
    is_system: bool
    user: str = ""
    instance: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "instance", escape_path(str(self.root)))
        if len(f"{self.prefix}@{self.instance}.service") > _LONGEST_UNIT_NAME:
            reason = "its name, escaped, is longer than a unit's may be"
            raise UsageError(
                "make a service for", str(self.root), reason, "use a shorter path, such as a mount"
            )

    @property
    def prefix(self) -> str:
        """What the units' names begin with."""
        return "remora-hub-system" if self.is_system else "remora-hub"

    @property
    def unit(self) -> str:
        """The service."""
        return f"{self.prefix}@{self.instance}.service"

    @property
    def socket(self) -> str:
        """The socket that starts it."""
        return f"{self.prefix}@{self.instance}.socket"

    @property
    def paths(self) -> StatePaths:
        """Where the hub of this service keeps its state, and where its clients look for it."""
        return StatePaths(self.root, SYSTEM_STATE / self.instance if self.is_system else None)

    @property
    def unit_directory(self) -> Path:
        """Where an administrator's, or a user's, own units are."""
        if self.is_system:
            return Path("/etc/systemd/system")
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "systemd", "user")

    def systemctl(self, *arguments: str) -> list[str]:
        """A command for the manager that runs it."""
        return ["systemctl", *([] if self.is_system else ["--user"]), *arguments]

    def install(self, version: int, *, has_namespaces: bool, network: Network = "none") -> Plan:
        """Copy the templates, say in drop-ins what they cannot know, enable and start."""
        directory = self.unit_directory
        files = {directory / name: text for name, text in templates(self.prefix).items()}
        shared = directory / f"{self.prefix}@.service.d"
        files[shared / "10-program.conf"] = _program(version)
        if not self.is_system and not has_namespaces:
            files[shared / "20-no-namespaces.conf"] = f"[Service]\n{_NO_NAMESPACES}"
        files[directory / f"{self.unit}.d" / "30-network.conf"] = f"[Service]\n{_NETWORK[network]}"
        own = directory / f"{self.socket}.d" / "10-socket.conf"
        directories: list[tuple[Path, int, str]] = []
        if self.is_system:
            files[own] = f"[Socket]\nSocketUser={self.user}\n"
            files[directory / f"{self.unit}.d" / "10-user.conf"] = f"[Service]\nUser={self.user}\n"
            directories = [(SYSTEM_STATE, 0o755, "root"), (self.paths.state_dir, 0o700, self.user)]
        else:
            files[own] = f"[Socket]\nListenStream=\nListenStream={_escaped(str(self._listen_path()))}\n"
        commands = [
            self.systemctl("daemon-reload"),
            self.systemctl("enable", "--quiet", f"{self.prefix}.target", self.socket, self.unit),
            self.systemctl("stop", self.socket, self.unit),  # of an earlier installation
            self.systemctl("start", self.socket),  # before the service, which it hands its socket to
            self.systemctl("start", self.unit),
        ]
        return Plan(files, commands, directories)

    def uninstall(self) -> Plan:
        """Stop and disable; remove what is this root's, and the templates behind the last one."""
        directory = self.unit_directory
        removed = [directory / f"{name}.d" for name in (self.socket, self.unit)]
        others = [found for found in directory.glob(f"{self.prefix}@?*.socket.d") if found not in removed]
        commands = [self.systemctl("disable", "--quiet", "--now", self.socket, self.unit)]
        if not others:
            commands.append(self.systemctl("disable", "--quiet", "--now", f"{self.prefix}.target"))
            removed += [directory / name for name in templates(self.prefix)]
            removed.append(directory / f"{self.prefix}@.service.d")
        return Plan({}, commands, removed=removed)

    def _listen_path(self) -> Path:
        path = self.paths.socket
        if path.parent.name != "remora-hub" or len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
            reason = "clients find it in the user's runtime directory, and XDG_RUNTIME_DIR names none"
            raise UsageError("make a socket for", str(self.root), reason, "log in by a session that has one")
        return path


def escape_path(path: str) -> str:
    """What ``systemd-escape --path`` makes of an absolute path without ``..``."""
    trimmed = re.sub("/+", "/", path).strip("/")
    if not trimmed:
        return "-"
    escaped = ""
    for position, byte in enumerate(os.fsencode(trimmed)):
        character = chr(byte)
        is_plain = character.isascii() and (character.isalnum() or character in ":_.")
        if character == "/":
            escaped += "-"
        elif is_plain and (position or character != "."):
            escaped += character
        else:
            escaped += f"\\x{byte:02x}"
    return escaped


def templates(prefix: str) -> dict[str, str]:
    """The units that come with the package: file name to text. Raises UsageError if it came without them."""
    package = Path(remora_hub.__file__).parent
    for directory in (package / "systemd", package.parents[1] / "systemd"):  # in a wheel, in a checkout
        if directory.is_dir():
            names = (f"{prefix}@.service", f"{prefix}@.socket", f"{prefix}.target")
            return {name: (directory / name).read_text("utf-8") for name in names}
    raise UsageError("find the unit files", str(package / "systemd"), "this installation came without them")


def systemd_version() -> int:
    """The number; 0 where there is no systemd."""
    if shutil.which("systemctl") is None:
        return 0
    done = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"systemd (\d+)", done.stdout)
    return int(found[1]) if found else 0


def may_make_namespaces() -> bool:
    """Whether this user may make user namespaces that mean something: some distributions forbid it."""
    if shutil.which("unshare") is None:
        return True
    command = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _program(version: int) -> str:
    """Where ``remora-hub`` is, and what this systemd knows beyond the template."""
    path = f"{_program_directory()}:{_KEEPS_PATH}"
    text = f'[Service]\nEnvironment="PATH={_escaped(path)}"\n'
    return text + _BACKOFF if version >= _BACKOFF_SINCE_VERSION else text


def _program_directory() -> Path:
    found = shutil.which("remora-hub")
    directories = [Path(sys.executable).parent, *([Path(found).parent] if found else [])]
    for directory in directories:
        if (directory / "remora-hub").exists():
            return directory.absolute()
    raise UsageError(
        "find", "remora-hub", "it is neither beside its Python nor on PATH", "install it with pip"
    )


def _escaped(text: str) -> str:
    """For a unit file, where a per cent sign begins a specifier."""
    return text.replace("%", "%%")
