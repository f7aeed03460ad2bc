"""What ``remora-hub doctor`` looks at where the hub is a service, or is watched by a monitoring program."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

from remora_hub.cli.checks import Finding
from remora_hub.cli.service_units import Service
from remora_hub.errors import UsageError
from remora_hub.http import TOKEN_FILE
from remora_hub.paths import StatePaths

_LINGER = Path("/var/lib/systemd/linger")  # loginctl(1), enable-linger
_TIMEOUT_S = 5.0


def service(paths: StatePaths) -> Finding:
    """Whether systemd runs a hub for this root, and goes on when its user has logged out."""
    if shutil.which("systemctl") is None:
        return Finding("service", "ok", "no systemd here: a hub is started by hand or by its first client")
    try:
        found = [
            made for made in (Service(paths.root, False), Service(paths.root, True)) if _is_installed(made)
        ]
    except UsageError as error:
        return Finding("service", "warning", error.reason, error.hint)
    if not found:
        return Finding("service", "ok", "not installed (remora-hub service install)")
    unit = found[0]
    state = _state(unit)
    detail = f"{unit.unit} is {state}"
    if state == "failed":
        return Finding("service", "problem", detail, "remora-hub service logs says why")
    if state not in ("active", "activating", "reloading", "inactive"):
        return Finding("service", "warning", detail, "log in by a session of systemd's, or start it by hand")
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a user without a name, as containers have them, cannot linger
        user = str(os.geteuid())
    if not unit.is_system and not (_LINGER / user).exists():
        return Finding(
            "service", "warning", f"{detail}; it ends when {user} logs out", "loginctl enable-linger"
        )
    return Finding("service", "ok", detail)


def http(paths: StatePaths, port: int) -> Finding:
    """Whether the listener for monitoring can do its work, where ``http.port`` asks for one."""
    if not port:
        return Finding("http", "ok", "off (http.port = 0)")
    missing = [name for name in ("uvicorn", "starlette") if find_spec(name) is None]
    if missing:
        return Finding("http", "problem", f"{missing[0]} is missing", "pip install 'remora-hub[http]'")
    token = paths.state_dir / TOKEN_FILE
    if token.exists() and stat.S_IMODE(token.lstat().st_mode) & 0o077:
        return Finding("http", "problem", f"others can read {token}", f"rm {token}: the hub makes another")
    return _listener(paths, port)


def _listener(paths: StatePaths, port: int) -> Finding:
    """Whose the port is: the hub's, if its health page answers while it runs."""
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = connection.recv(4096)
    except ConnectionRefusedError:
        return Finding("http", "ok", f"nobody listens on port {port} yet: it is the hub's when it runs")
    except OSError as error:
        answer = str(error).encode()
    if b" 200 " in answer.partition(b"\r\n")[0] and b"default-src 'none'" in answer:
        return Finding(
            "http", "ok", f"http://127.0.0.1:{port}; the token is in {paths.state_dir / TOKEN_FILE}"
        )
    return Finding("http", "problem", f"port {port} is somebody else's", "choose another http.port")


def _is_installed(found: Service) -> bool:
    return (found.unit_directory / f"{found.socket}.d").is_dir()


def _state(found: Service) -> str:
    """systemd's word for it; "unknown" if its manager cannot be reached."""
    try:
        done = subprocess.run(
            found.systemctl("is-active", found.unit),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
