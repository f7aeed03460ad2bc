"""Where things are: the project root, the hub's state and socket, and file URIs.

Every command imports this, the editor's proxy included, so it takes nothing but the standard library at import time.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from remora_hub.errors import ConfigError, RootError, StoreError, UsageError

STATE_DIRECTORY = ".remora"
CONFIG_FILE = "remora-hub.toml"

# unix(7): sun_path holds 108 bytes, the last of them NUL.
MAX_SOCKET_PATH_BYTES = 107

# What marks a root, the strongest first; the nearest directory with the strongest marker wins.
_ROOT_MARKERS = (f"{STATE_DIRECTORY}/hub.db", CONFIG_FILE, "pyproject.toml", ".git")

# https://bford.info/cachedir/: backup programs skip a directory whose tag begins with this line.
_CACHEDIR_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory holds remora-hub's index. It is rebuilt when it is deleted.\n"
)


def find_root(start: Path) -> Path:
    """The project root ``start`` (a directory or a file) lies in, as a real path.

    It is the nearest enclosing directory that holds ``.remora/hub.db``, or else ``remora-hub.toml``, or else
    ``pyproject.toml``, or else ``.git``. Raises ``RootError`` if there is none.
    """
    real = Path(os.path.realpath(start))
    ancestry = [real, *real.parents]
    for marker in _ROOT_MARKERS:
        for directory in ancestry:
            if os.path.exists(directory / marker):
                return directory
    raise RootError(
        "find a project root above",
        str(start),
        "no directory up to / holds .remora/hub.db, remora-hub.toml, pyproject.toml or .git",
        "name it with --root",
    )


def check_root(directory: Path) -> Path:
    """``directory`` as a real path; ``RootError`` unless it is a directory that can be listed."""
    real = Path(os.path.realpath(directory))
    try:
        with os.scandir(real):
            return real
    except OSError as error:
        raise RootError("use the project root", str(directory), error.strerror or str(error)) from error


def root_digest(root: Path) -> str:
    """16 hexadecimal digits that stand for the real path of ``root`` (BLAKE2b of its bytes)."""
    import hashlib

    return hashlib.blake2b(os.fsencode(os.path.realpath(root)), digest_size=8).hexdigest()


def cache_directory() -> Path:
    """Where facts are kept for all roots of this user.

    ``$CACHE_DIRECTORY`` where systemd gives one (systemd.exec(5)), else ``remora-hub`` in ``$XDG_CACHE_HOME`` or in
    ``~/.cache``.
    """
    given = os.environ.get("CACHE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    return _user_directory("XDG_CACHE_HOME", ".cache")


class StatePaths:
    """The hub's places for one root; ``state_dir`` overrides ``<root>/.remora``.

    The socket is ``$XDG_RUNTIME_DIR/remora-hub/<digest of root>.sock``; without such a directory, or with a state
    directory of the user's choice, it is ``hub.sock`` in the state directory; where that is longer than a socket
    address holds, it is in ``remora-hub-<uid>`` under the system's temporary directory.
    """

    __slots__ = ("root", "socket", "state_dir")

    def __init__(self, root: Path, state_dir: Path | None = None) -> None:
        self.root = Path(os.path.realpath(root))
        default = self.root / STATE_DIRECTORY
        self.state_dir = default if state_dir is None else Path(os.path.realpath(state_dir))
        self.socket = _socket_path(self.root, self.state_dir, is_default=self.state_dir == default)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatePaths) and (self.root, self.state_dir) == (other.root, other.state_dir)

    def __hash__(self) -> int:
        return hash((self.root, self.state_dir))

    @property
    def database(self) -> Path:
        """The index."""
        return self.state_dir / "hub.db"

    @property
    def symbol_cache(self) -> Path:
        """The table of the index's symbols, ready-made for the next start."""
        return self.state_dir / "symbols.cache"

    @property
    def enrich_database(self) -> Path:
        """What models made of the index: vectors, summaries, and the history of runs."""
        return self.state_dir / "enrich.db"

    @property
    def lock(self) -> Path:
        """Locked by the running daemon."""
        return self.state_dir / "hub.lock"

    def prepare(self) -> None:
        """Make the state directory, kept out of git and of backups. Idempotent.

        Raises ``RootError`` if the root is missing, ``StoreError`` if the directory cannot be made or is a symbolic
        link: a checked-out repository must not choose where the hub writes.
        """
        check_root(self.root)
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.state_dir.is_symlink():
                raise StoreError(
                    "use the state directory",
                    str(self.state_dir),
                    "it is a symbolic link",
                    "name its target with --state-dir",
                )
            _write_once(self.state_dir / ".gitignore", "*\n")
            _write_once(self.state_dir / "CACHEDIR.TAG", _CACHEDIR_TAG)
        except OSError as error:
            raise StoreError(
                "make the state directory",
                str(self.state_dir),
                error.strerror or str(error),
                "choose another with --state-dir",
            ) from error

    def prepare_socket_directory(self) -> None:
        """Make the directory of the socket, mode 0700, and check it as ``check_socket_directory`` does."""
        directory = self.socket.parent
        try:
            if directory == self.state_dir:
                self.prepare()
            else:
                self.check_socket_directory()
                directory.mkdir(mode=0o700, exist_ok=True)
            self.check_socket_directory()
            mode = stat.S_IMODE(directory.lstat().st_mode)
            if mode & 0o077:
                directory.chmod(mode & 0o700)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError("make the runtime directory", str(directory), reason) from error

    def check_socket_directory(self) -> None:
        """Make sure that nobody else can put a socket in the place of the hub's. Changes nothing.

        Raises ``ConfigError`` if the directory of the socket, or a runtime directory around it, is a symbolic link,
        belongs to somebody else or is writable by others.
        """
        directory = self.socket.parent
        if directory != self.state_dir:
            _check_parent(directory.parent)
        if os.path.lexists(directory):
            _check_private(directory)


def open_at_once(path: str, flags: int) -> int:
    """For ``open``: of what an archive may have brought along, a FIFO is not waited for, and no link is followed."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def user_config_file() -> Path:
    """The user's own configuration file, by the XDG base directory specification; it need not exist."""
    return _user_directory("XDG_CONFIG_HOME", ".config") / "config.toml"


def to_uri(path: Path) -> str:
    """The ``file:`` URI (RFC 8089) of an absolute path, its bytes percent-encoded whatever they are."""
    return path.as_uri()


def from_uri(uri: str) -> Path:
    """The absolute path a ``file:`` URI names; the exact inverse of ``to_uri``.

    Does not look at the disk, resolve ``..`` or check that the path is under a root. Raises ``UsageError`` for another
    scheme or host, a relative path, a query or fragment, and an encoded NUL.
    """
    from urllib.parse import unquote_to_bytes, urlsplit

    try:
        parts = urlsplit(uri)
        raw = unquote_to_bytes(parts.path)
    except ValueError as error:
        raise UsageError("read the URI", ascii(uri), str(error)) from error
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise UsageError("read the URI", ascii(uri), "only file URIs of this host name a file")
    if "?" in uri or "#" in uri:
        raise UsageError("read the URI", ascii(uri), "a file URI has no query and no fragment")
    if not raw.startswith(b"/") or b"\0" in raw:
        raise UsageError("read the URI", ascii(uri), "it holds no absolute path")
    return Path(os.fsdecode(raw))


def _user_directory(variable: str, default: str) -> Path:
    """The hub's in the directory that ``variable`` names, if absolutely, or ``default`` below the user's home.

    Both as the XDG Base Directory Specification has it.
    """
    named = os.environ.get(variable, "")
    return Path(
        named if os.path.isabs(named) else os.path.join(os.path.expanduser("~"), default), "remora-hub"
    )


def _socket_path(root: Path, state_dir: Path, *, is_default: bool) -> Path:
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR", "")
    if is_default and os.path.isabs(runtime_dir) and os.path.isdir(runtime_dir):
        path = Path(runtime_dir, "remora-hub", f"{root_digest(root)}.sock")
    else:
        path = state_dir / "hub.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    import tempfile

    digest = root_digest(root) if is_default else root_digest(state_dir)
    return Path(tempfile.gettempdir(), f"remora-hub-{os.geteuid()}", f"{digest}.sock")


def _write_once(path: Path, content: str) -> None:
    """Write a small file unless it already says so; a reader never sees half of it."""
    if not path.is_symlink() and path.is_file() and path.read_text("utf-8", "replace") == content:
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with partial.open("x", encoding="utf-8") as file:  # exclusive: follows no link planted in its place
        file.write(content)
    partial.replace(path)


def _check_private(directory: Path) -> None:
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise _insecure(directory, "it is not a directory but a link or a file")
    if status.st_uid != os.geteuid():
        raise _insecure(directory, f"it belongs to user {status.st_uid}")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _insecure(directory, "others can write to it", f"chmod 700 {directory}")


def _check_parent(directory: Path) -> None:
    """Whoever may rename entries of the parent could put a directory of their own in the hub's place."""
    try:
        status = directory.lstat()
    except OSError as error:
        raise _insecure(directory, error.strerror or str(error)) from error
    if not stat.S_ISDIR(status.st_mode):
        raise _insecure(directory, "it is not a directory but a link or a file")
    if status.st_uid not in (0, os.geteuid()):
        raise _insecure(directory, f"it belongs to user {status.st_uid}", "set XDG_RUNTIME_DIR to your own")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        raise _insecure(directory, "others can write to it")


def _insecure(directory: Path, reason: str, hint: str = "") -> ConfigError:
    return ConfigError("use the runtime directory", str(directory), reason, hint)
