"""Hold the units to their protection, line by line. Exits with 1 and says what is weaker.

``systemd-analyze security`` sums up weights and rounds: a service can lose protections and keep its figure. Here each
setting has its value, and a setting that is not known here is refused, for it could take back what another one gives.
Needs no systemd. Run by scripts/check and scripts/systemd: python scripts/unit_protection.py [FILE...]
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

UNITS = Path(__file__).parents[1] / "systemd"

Settings = Mapping[str, Sequence[str]]

_CONFINED: Settings = {
    "AmbientCapabilities": [""],
    "CacheDirectoryMode": ["0700"],
    "CapabilityBoundingSet": [""],
    "DevicePolicy": ["closed"],
    "IPAddressDeny": ["any"],
    "KeyringMode": ["private"],
    "LockPersonality": ["yes"],
    "MemoryDenyWriteExecute": ["yes"],
    "NoNewPrivileges": ["yes"],
    "PrivateDevices": ["yes"],
    "PrivateIPC": ["yes"],
    "PrivateMounts": ["yes"],
    "PrivateNetwork": ["yes"],
    "PrivateUsers": ["yes"],
    "ProtectClock": ["yes"],
    "ProtectControlGroups": ["yes"],
    "ProtectHostname": ["yes"],
    "ProtectProc": ["invisible"],
    "ProtectSystem": ["strict"],
    "RemoveIPC": ["yes"],
    "RestrictAddressFamilies": ["AF_UNIX"],
    "RestrictNamespaces": ["yes"],
    "RestrictRealtime": ["yes"],
    "RestrictSUIDSGID": ["yes"],
    "SystemCallArchitectures": ["native"],
    "SystemCallErrorNumber": ["EPERM"],
    "SystemCallFilter": [
        "@system-service",
        "~@privileged @resources",
        "prlimit64 setrlimit getpriority setpriority sched_setaffinity",
    ],
    "UMask": ["0077"],
}
_LIMITED: Settings = {
    "CPUWeight": ["30"],
    "IOWeight": ["30"],
    "KillMode": ["mixed"],
    "LimitNOFILE": ["65536"],
    "MemoryHigh": ["1G"],
    "MemoryMax": ["2G"],
    "Nice": ["5"],
    "NotifyAccess": ["main"],
    "OOMPolicy": ["continue"],
    "Restart": ["on-failure"],
    "TasksMax": ["256"],
    "TimeoutStopSec": ["10s"],
    "Type": ["notify"],
    "WatchdogSec": ["30s"],
}
# Nothing stands where a setting is the unit's own to choose.
_FREE: Settings = dict.fromkeys(
    (
        "Environment",
        "ExecReload",
        "ExecStart",
        "RestartPreventExitStatus",
        "RestartSec",
        "SyslogIdentifier",
        "TimeoutStartSec",
    ),
    (),
)
_SOCKET: Settings = {"SocketMode": ["0600"], "RemoveOnStop": ["yes"], "ListenStream": (), "Backlog": ()}
# By file: each setting's values, word for word.
REQUIRED: Mapping[str, Settings] = {
    "remora-hub@.service": {
        **_CONFINED,
        **_LIMITED,
        **_FREE,
        "CacheDirectory": ["remora-hub"],
        "ReadWritePaths": ["%f"],
        "RuntimeDirectory": ["remora-hub"],
        "RuntimeDirectoryMode": ["0700"],
        "RuntimeDirectoryPreserve": ["yes"],
    },
    "remora-hub-system@.service": {
        **_CONFINED,
        **_LIMITED,
        **_FREE,
        "CacheDirectory": ["remora-hub/%i"],
        "ProtectHome": ["read-only"],
        "ProtectKernelLogs": ["yes"],
        "ProtectKernelModules": ["yes"],
        "ProtectKernelTunables": ["yes"],
        "StateDirectory": ["remora-hub/%i"],
        "StateDirectoryMode": ["0700"],
        "User": ["remora-hub"],
    },
    "remora-hub@.socket": {**_SOCKET, "DirectoryMode": ["0700"]},
    # The directory above that of the hub, which `service install` makes; only where it does not exist yet.
    "remora-hub-system@.socket": {**_SOCKET, "DirectoryMode": ["0755"]},
}


def weaknesses(name: str, text: str) -> Iterator[str]:
    """Where the unit called ``name`` says anything but what it must, as sentences."""
    required = REQUIRED.get(name, {})
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif section in ("[Service]", "[Socket]") and line.strip() and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found[key.strip()].append(value.strip())
    for key, values in found.items():
        if key not in required:
            yield f"{name}: {key}= is not known"
        elif key.startswith("Exec") and not values[-1].startswith(":/usr/bin/env remora-hub "):
            yield f"{name}: {key}={values[-1]} is another program, or has other privileges"
        elif required[key] and values != list(required[key]):
            yield f"{name}: {key}= says {', '.join(values) or 'nothing'}, not {', '.join(required[key])}"
    for key in required:
        if required[key] and key not in found:
            yield f"{name}: {key}={', '.join(required[key])} is missing"


def main(paths: Sequence[Path]) -> int:
    """The exit code; what is weaker is printed."""
    found = [weakness for path in paths for weakness in weaknesses(path.name, path.read_text("utf-8"))]
    for weakness in found:
        print(weakness)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]] or [UNITS / name for name in REQUIRED]))
