"""What ``remora-hub doctor`` looks at: one function for each thing the hub needs of the machine and the project.

A check raises nothing but OSError: what it cannot find out is a finding too, which ``doctor`` makes of that. Each
finding but a good one has its remedy.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import apsw
import msgspec

from remora_hub.errors import HubError
from remora_hub.paths import MAX_SOCKET_PATH_BYTES, StatePaths
from remora_hub.watch.mounts import mounts_of, read_mounts, silent_kind

Grade = Literal["ok", "warning", "problem"]

# From this version on SQLite has no WAL-reset corruption.
_SAFE_SQLITE = (3, 51, 3)
_SCARCE_BYTES, _LOW_BYTES = 50 * 2**20, 500 * 2**20
_CONNECT_TIMEOUT_S = 1.0
_GIT_TIMEOUT_S = 5.0
_SQLITE_HEADER = b"SQLite format 3\0"
_ENOUGH_DESCRIPTORS = 1024
_INOTIFY_LIMITS = Path("/proc/sys/fs/inotify")


class Finding(msgspec.Struct, frozen=True):
    """What a check found; ``remedy`` says what to do unless the grade is ok."""

    name: str
    grade: Grade
    detail: str
    remedy: str = ""


def python_version() -> Finding:
    """The interpreter; one too old for the hub does not get as far as this."""
    return Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def sqlite_version() -> Finding:
    """The SQLite that apsw brings, and whether it is past the known corruption."""
    version = apsw.sqlite_lib_version()
    detail = f"{version} (apsw {apsw.apsw_version()})"
    if tuple(int(part) for part in version.split(".")) >= _SAFE_SQLITE:
        return Finding("sqlite", "ok", detail)
    return Finding(
        "sqlite", "problem", detail, "pip install --upgrade apsw: this version can corrupt the index"
    )


def git() -> Finding:
    """Git, for its global ignore file and for branch switches."""
    path = shutil.which("git")
    if path is None:
        return Finding(
            "git", "warning", "not on PATH", "install git: its global ignore file cannot be found without it"
        )
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=_GIT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("git", "warning", f"{path} cannot be run: {error}", "reinstall git")
    if done.returncode != 0:
        return Finding("git", "warning", f"{path} ends with status {done.returncode}", "reinstall git")
    return Finding("git", "ok", done.stdout.strip())


def root_directory(paths: StatePaths) -> Finding:
    """The root can be listed."""
    if os.access(paths.root, os.R_OK | os.X_OK):
        return Finding("root", "ok", str(paths.root))
    return Finding("root", "problem", f"{paths.root} cannot be listed", f"chmod u+rx {paths.root}")


def state_directory(paths: StatePaths) -> Finding:
    """The state directory exists or can be made, and is writable."""
    place = paths.state_dir
    if place.is_symlink():
        return Finding("state", "problem", f"{place} is a symbolic link", "name its target with --state-dir")
    existing = _nearest_existing(place)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("state", "problem", f"{existing} is not writable", "choose another with --state-dir")
    if existing == place and place.stat().st_mode & 0o022:
        return Finding("state", "problem", f"others can write to {place}", f"chmod 700 {place}")
    return Finding("state", "ok", str(place) if existing == place else f"{place} (not made yet)")


def database(paths: StatePaths) -> Finding:
    """The index is a file that this user may write, and of SQLite's."""
    place = paths.database
    try:
        found = place.lstat()
    except FileNotFoundError:
        return Finding("database", "ok", f"{place} (not made yet)")
    if not stat.S_ISREG(found.st_mode):
        return Finding("database", "problem", f"{place} is no regular file", f"move {place} away")
    if not os.access(place, os.R_OK | os.W_OK):
        return Finding("database", "problem", f"{place} cannot be read and written", f"chmod u+rw {place}")
    with place.open("rb") as file:
        header = file.read(len(_SQLITE_HEADER))
    if header not in (b"", _SQLITE_HEADER):
        remedy = "none is needed: the hub sets it aside when it starts, and makes another"
        return Finding("database", "warning", f"{place} is no database", remedy)
    return Finding("database", "ok", f"{place}, {found.st_size / 2**20:,.1f} MiB")


def socket_directory(paths: StatePaths) -> Finding:
    """The directory of the socket is nobody else's to write to."""
    place = paths.socket.parent
    try:
        paths.check_socket_directory()
    except HubError as error:
        return Finding("runtime", "problem", f"{error.subject}: {error.reason}", error.hint or "remove it")
    length = len(os.fsencode(paths.socket))
    detail = f"{paths.socket} ({length} of {MAX_SOCKET_PATH_BYTES} bytes)"
    try:
        found = paths.socket.lstat()
    except FileNotFoundError:
        return Finding("runtime", "ok", detail if place.exists() else f"{detail}, not made yet")
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        what = f"{paths.socket} is no socket of this user's alone"
        return Finding("runtime", "problem", what, f"remora-hub stop; rm {paths.socket}")
    return Finding("runtime", "ok", detail)


def file_system(paths: StatePaths) -> Finding:
    """Whether the kernel can tell what changes below the root."""
    mounts = mounts_of(str(paths.root), read_mounts())
    silent = [mount for mount in mounts if silent_kind(mount.kind)]
    if not silent:
        kinds = ", ".join(dict.fromkeys(mount.kind for mount in mounts))
        return Finding("filesystem", "ok", kinds or "unknown")
    found = ", ".join(f"{mount.kind} at {mount.point}" for mount in silent)
    return Finding(
        "filesystem",
        "warning",
        f"{found}: the kernel cannot tell what changes there, so the hub polls",
        "keep the project on a disk of this machine, where changes are seen at once",
    )


def descriptors() -> Finding:
    """Files a process may have open: one for each client, and some for the rest."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    detail = f"{soft} (at most {hard})"
    if soft == resource.RLIM_INFINITY or soft >= _ENOUGH_DESCRIPTORS:
        return Finding("descriptors", "ok", detail)
    if hard == resource.RLIM_INFINITY or hard >= _ENOUGH_DESCRIPTORS:
        return Finding("descriptors", "warning", detail, f"ulimit -n {_ENOUGH_DESCRIPTORS}")
    remedy = (
        f"raise the hard limit: nofile {_ENOUGH_DESCRIPTORS} in /etc/security/limits.conf, or LimitNOFILE="
    )
    return Finding("descriptors", "warning", detail, remedy)


def free_disk(paths: StatePaths) -> Finding:
    """Space for the index where the state directory is."""
    free = shutil.disk_usage(_nearest_existing(paths.state_dir)).free
    detail = f"{free / 2**20:,.0f} MiB free"
    if free >= _LOW_BYTES:
        return Finding("disk", "ok", detail)
    grade: Grade = "problem" if free < _SCARCE_BYTES else "warning"
    return Finding("disk", grade, detail, "free some, or choose another place with --state-dir")


def inotify(paths: StatePaths) -> Finding:
    """Watches and instances left, against the directories below the root."""
    try:
        max_watches = int((_INOTIFY_LIMITS / "max_user_watches").read_text())
        max_instances = int((_INOTIFY_LIMITS / "max_user_instances").read_text())
    except (OSError, ValueError) as error:
        return Finding(
            "inotify", "warning", f"limits unknown: {error}", "the hub polls if it cannot watch: slower"
        )
    directories = sum(1 for _ in _directories(paths.root))
    instances, watches = _inotify_in_use()
    missing = 0 if _connect(paths.socket) is None else directories  # a running hub has its watches already
    detail = (
        f"{directories} directories to watch; {watches} of {max_watches} watches "
        f"and {instances} of {max_instances} instances in use"
    )
    if instances >= max_instances:
        return Finding(
            "inotify", "problem", detail, f"sysctl fs.inotify.max_user_instances={2 * max_instances}"
        )
    if watches + missing > max_watches:
        return Finding(
            "inotify", "problem", detail, f"sysctl fs.inotify.max_user_watches={2 * (watches + missing)}"
        )
    return Finding("inotify", "ok", detail)


def hub_socket(paths: StatePaths) -> Finding:
    """Whether a hub answers on the socket."""
    error = _connect(paths.socket)
    if error is None:
        return Finding("hub", "ok", f"answers on {paths.socket}")
    if isinstance(error, FileNotFoundError):
        return Finding("hub", "ok", "not running")
    if isinstance(error, ConnectionRefusedError):
        return Finding("hub", "warning", f"{paths.socket} was left behind", "remora-hub start replaces it")
    return Finding("hub", "problem", f"{paths.socket}: {error}", "remora-hub restart")


MACHINE_CHECKS: tuple[Callable[[], Finding], ...] = (python_version, sqlite_version, git, descriptors)
ROOT_CHECKS: tuple[Callable[[StatePaths], Finding], ...] = (
    root_directory,
    state_directory,
    database,
    socket_directory,
    free_disk,
    file_system,
    inotify,
    hub_socket,
)


def _nearest_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _connect(address: Path) -> OSError | None:
    """Connect to a Unix socket and hang up; the error if nobody takes the call."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_CONNECT_TIMEOUT_S)
        try:
            connection.connect(os.fsencode(address))
        except OSError as error:
            return error
    return None


def _directories(root: Path) -> Iterator[str]:
    """Directories below the root; links and what git keeps for itself are not watched."""
    for directory, names, _ in os.walk(root):
        yield directory
        names[:] = [name for name in names if name not in (".git", ".remora")]


def _inotify_in_use() -> tuple[int, int]:
    """Instances and watches of this user's processes; the limits count by user. See proc(5), ``fdinfo``."""
    instances = watches = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or hides from its own user
            if process.stat().st_uid == os.geteuid():
                for descriptor in (process / "fd").iterdir():
                    watching = _watches_of(descriptor)
                    instances += watching is not None
                    watches += watching or 0
    return instances, watches


def _watches_of(descriptor: Path) -> int | None:
    """How many watches an inotify instance has; None for what is none, or was closed since it was listed."""
    with suppress(FileNotFoundError):
        if os.readlink(descriptor) == "anon_inode:inotify":
            return (descriptor.parents[1] / "fdinfo" / descriptor.name).read_text().count("inotify wd:")
    return None
