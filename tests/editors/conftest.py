"""Real editors in a terminal, typed at and looked at as a user does; a small project; another client of its hub.

What is tested is found as ``$REMORA_HUB_TEST_NVIM`` (``_HX``, ``_EMACS``), among what ``scripts/editors install``
fetched, and on PATH; where an editor is not found its tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil
import pytest

from remora_hub.client import Client, connect
from remora_hub.errors import NotRunningError
from remora_hub.holder import read_holder
from remora_hub.paths import StatePaths

_FETCHED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remora-hub" / "editors" / "bin"
_NAMED = dict(os.environ)
LONGEST_S = 60.0  # two editors and a hub may start at once on a machine that is busy otherwise
_STEP_S = 0.02
_PROXY_LEAVES_WITHIN_S = 2.0

SOURCES = {
    "pyproject.toml": "",
    "app/__init__.py": "",
    "app/models.py": '''"""Models."""


class UserStore:
    """Keeps users."""

    def save_user(self, name: str) -> str:
        return name


def make_user(name: str) -> str:
    """A user of that name."""
    return UserStore().save_user(name)
''',
    "app/views.py": '''"""Views."""

from app.models import make_user

FIRST = "é😀"; first_user = make_user("a")
''',
    "app/reports.py": """from app.models import make_user

second_user = make_user("b")
""",
}


class Terminal:
    """A program in a terminal of 120 by 40 characters."""

    def __init__(self, socket: Path, directory: Path, command: Sequence[str | Path]) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
        self._run("new-session", "-d", "-x", "120", "-y", "40", "-c", directory, *command)
        self._run("set-option", "-g", "remain-on-exit", "on")  # its last words can be read
        self.pid = int(self._run("display-message", "-p", "#{pane_pid}"))

    def press(self, *keys: str) -> None:
        """Press keys by their names in tmux: ``Enter``, ``C-x``, ``M-.``; other strings are typed as they stand."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text as it stands."""
        self._run("send-keys", "-l", text)

    def screen(self) -> str:
        """What a user sees."""
        return self._run("capture-pane", "-p")

    def until(self, pattern: str, *again: str) -> str:
        """Wait until the screen matches ``pattern``; the screen. Every second the keys ``again`` are pressed anew."""
        deadline = time.monotonic() + LONGEST_S
        patience = time.monotonic() + 1
        while not re.search(pattern, screen := self.screen(), re.MULTILINE):
            if time.monotonic() > deadline or screen.rstrip().rpartition("\n")[2].startswith("Pane is dead"):
                pytest.fail(f"{pattern!r} does not appear:\n{screen}")
            if again and time.monotonic() > patience:
                self.press(*again)
                patience = time.monotonic() + 1
            time.sleep(_STEP_S)  # a terminal tells nobody that its screen has changed
        return screen

    def close(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self._run("kill-server")

    def _run(self, *arguments: str | Path) -> str:
        command = [*self._tmux, *map(str, arguments)]
        return subprocess.run(
            command, check=True, capture_output=True, encoding="utf-8", timeout=LONGEST_S
        ).stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small project, and a home of its own for the editor: nothing of the user's is read. Its daemon is stopped."""
    home = tmp_path / "home"
    for name in ("config", "data", "state", "cache", "run"):
        (home / name).mkdir(mode=0o700, parents=True)
        monkeypatch.setenv(
            "XDG_RUNTIME_DIR" if name == "run" else f"XDG_{name.upper()}_HOME", str(home / name)
        )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    for name in list(os.environ):  # what the hub would take for its configuration, and the editors for theirs
        if name.startswith("REMORA_HUB_") or name in ("TMUX", "VIMINIT", "NVIM"):
            monkeypatch.delenv(name)
    root = tmp_path / "project"
    for path, text in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    yield root
    if (pid := daemon_of(root)) is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def user_config(project: Path) -> Path:
    """The directory that holds the user's settings of every editor."""
    return Path(os.environ["XDG_CONFIG_HOME"])


@pytest.fixture
def terminal(project: Path, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start a command in a terminal, in the project."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not on PATH: scripts/editors install own")
    opened: list[Terminal] = []

    def start(*command: str | Path) -> Terminal:
        opened.append(Terminal(tmp_path / f"tmux-{len(opened)}", project, command))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def other_client(project: Path) -> Iterator[Callable[[], Client]]:
    """Another client of the hub that the editor started, once that answers and knows the project."""
    clients: list[Client] = []

    def client() -> Client:
        deadline = time.monotonic() + LONGEST_S
        while True:
            made = connect(project)
            with suppress(NotRunningError):
                made.status()
                made.sync()
                clients.append(made)
                return made
            assert time.monotonic() < deadline, "no hub answers"
            time.sleep(_STEP_S)  # nothing announces the first socket

    yield client
    for one in clients:
        one.close()


@pytest.fixture
def dies_alone(
    project: Path, are_gone: Callable[[list[psutil.Process], float], bool]
) -> Callable[[Terminal], None]:
    """Kill an editor as the kernel does when memory runs out: its proxy must go, the hub must stay."""

    def die(terminal: Terminal) -> None:
        hub = daemon_of(project)
        assert hub is not None
        family = [psutil.Process(terminal.pid), *psutil.Process(terminal.pid).children(recursive=True)]
        proxies = [one for one in family if is_proxy(one)]
        assert proxies
        for one in family:  # Neovim's screen and its editor are two processes
            if one not in proxies:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        assert are_gone(proxies, _PROXY_LEAVES_WITHIN_S)
        with connect(project) as client:
            answer = client.symbols("make_user", sync=True)
        assert answer.symbols
        assert answer.served_by == "daemon"
        assert daemon_of(project) == hub

    return die


def is_proxy(process: psutil.Process) -> bool:
    return process.status() != psutil.STATUS_ZOMBIE and "lsp" in process.cmdline()[-1:]


def daemon_of(root: Path) -> int | None:
    holder = read_holder(StatePaths(root).lock)
    return None if holder is None else holder.pid


@pytest.fixture
def found() -> Callable[..., Path]:
    """The executable of an editor of at least (or below) a version; skips the test where there is none."""

    def find(name: str, *, least: tuple[int, ...] = (0,), below: tuple[int, ...] = (99,)) -> Path:
        for candidate in _candidates(name):
            if least <= _version(candidate) < below:
                return candidate
        pytest.skip(
            f"no {name} from {_dotted(least)} to below {_dotted(below)} was found: see scripts/editors"
        )

    return find


def _candidates(name: str) -> Iterator[Path]:
    for candidate in (_NAMED.get(f"REMORA_HUB_TEST_{name.upper()}"), _FETCHED / name, shutil.which(name)):
        if candidate is not None and os.access(candidate, os.X_OK):
            yield Path(candidate)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@cache
def _version(executable: Path) -> tuple[int, ...]:
    told = subprocess.run(
        [executable, "--version"], check=True, capture_output=True, encoding="utf-8", timeout=LONGEST_S
    )
    number = re.search(r"\d+(?:\.\d+)+", told.stdout)
    assert number is not None
    return tuple(map(int, number[0].split(".")))
