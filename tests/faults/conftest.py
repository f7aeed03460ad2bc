"""The real hub as a process of its own, and an independent look at the disk to compare its index with.

Tests are marked with the case of the fault matrix that they are. Their sizes suit every run of the suite;
``scripts/faults`` sets ``FAULTS_AT_FULL_SIZE`` and runs them at those that the matrix states.
"""

from __future__ import annotations

import ast
import os
import shutil
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import psutil
import pytest
import xxhash

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import NotRunningError, StoreError
from remora_hub.paths import StatePaths
from remora_hub.store import Reader

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_KINDS = {"class", "function", "method", "property"}
_NEVER = {".git", ".remora", "__pycache__", "node_modules"}
_LONGEST_START_S = 60.0
_MAX_FILE_BYTES = 2_000_000

Seen = dict[str, tuple[str, frozenset[str] | None]]


class RunningHub:
    """``remora-hub run`` on a root; stopped at the end of the test. ``settings`` are ``KEY=VALUE``.

    ``prefix`` is a command that runs another in surroundings of its own, in the same process.
    """

    def __init__(
        self,
        root: Path,
        state_dir: Path | None,
        log: Path,
        settings: tuple[str, ...],
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.paths = StatePaths(root, state_dir)
        self.root = root
        self.log = log
        self._command = [*prefix, sys.executable, "-P", "-m", "remora_hub", "run", str(root)]
        if state_dir is not None:
            self._command += ["--state-dir", str(state_dir)]
        for setting in ("watch.reconcile_interval_s=3600", *settings):  # nothing may hide behind it
            self._command += ["--set", setting]
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)

    def client(self) -> BlockingClient:
        return BlockingClient.wait_for(self.paths, _LONGEST_START_S)

    def call(self, method: str, **params: object) -> Any:
        with self.client() as client:
            return client.call(method, params)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("hub/status")
        return found

    def wait_until(self, condition: Callable[[], object], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while True:
            with suppress(NotRunningError, StoreError):
                if condition():
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within_s} s; {self.log.read_text()[-3000:]}")
            time.sleep(0.01)  # between two looks at a state that nothing announces

    def checkpoint(self) -> None:
        """Take the log into the database file, where damage is met."""
        connection = apsw.Connection(str(self.paths.database))
        connection.set_busy_timeout(30_000)  # the hub may be reading what it keeps in memory
        [(is_busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert not is_busy
        connection.close()

    def damaged_copies(self) -> list[Path]:
        """What was set aside."""
        return list(self.paths.state_dir.glob("hub.db.damaged-*"))

    def memory_mb(self) -> float:
        """What the process itself has in memory, without its lanes."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: self.status()["state"] == "ready")

    def lanes(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.process.pid).children() if child.is_running()]

    def served(self) -> tuple[Seen, dict[str, str]]:
        """What is indexed: path to digest and symbols; and what is omitted: path to status."""
        reader = Reader(self.paths.database)
        try:
            indexed: Seen = {}
            omitted: dict[str, str] = {}
            for found in reader.list_files():
                if found.status == "indexed":
                    names = {node.qualname for node in reader.get_by_file(found.path) if node.kind in _KINDS}
                    indexed[found.path] = found.digest, frozenset(names)
                else:
                    omitted[found.path] = str(found.status)
            return indexed, omitted
        finally:
            reader.close()

    def converges(self, within_s: float = 60.0, *, held_up: frozenset[str] = frozenset()) -> dict[str, str]:
        """After one sync the index must equal the disk; what is omitted, by path. ``held_up`` are omitted, too."""
        pid = self.process.pid
        self.call("hub/sync", timeout_s=within_s)
        indexed, omitted = self.served()
        on_disk, left_out = scan(self.root)
        for path in held_up:
            assert path in omitted
            del on_disk[path]
        assert {path: digest for path, (digest, _) in indexed.items()} == {
            path: digest for path, (digest, _) in on_disk.items()
        }
        for path, (_, names) in on_disk.items():
            assert names is None or names == indexed[path][1], path
        assert omitted.keys() == left_out | held_up
        assert self.process.poll() is None
        assert self.process.pid == pid
        return omitted

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(case): the case of FAULTS.md")


def scan(root: Path) -> tuple[Seen, set[str]]:
    """What must be indexed below ``root``, and what must be named as omitted. Shares no code with the hub."""
    on_disk: Seen = {}
    left_out: set[str] = set()
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if name not in _NEVER]
        links = [name for name in names if os.path.islink(os.path.join(directory, name))]
        for name in (*files, *links):
            if not name.endswith((".py", ".pyi")):
                continue
            location = os.path.join(directory, name)
            path = os.path.relpath(location, root)
            status = os.lstat(location)
            if stat.S_ISREG(status.st_mode) and status.st_size <= _MAX_FILE_BYTES:
                data = Path(location).read_bytes()
                on_disk[path] = xxhash.xxh3_128_hexdigest(data), symbols(data)
            else:
                left_out.add(path)
    return on_disk, left_out


def symbols(data: bytes) -> frozenset[str] | None:
    """Qualified names of all classes and functions; None where ``ast`` cannot tell."""
    found: set[str] = set()

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _DEFINITIONS):
                found.add(prefix + child.name)
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            visit(ast.parse(data), "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return frozenset(found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def start_hub(root: Path, tmp_path: Path) -> Iterator[Callable[..., RunningHub]]:
    """Start a hub on ``root``; its state is beside it, unless ``inside`` or in ``state_dir``."""
    started: list[RunningHub] = []

    def start(
        *settings: str,
        inside: bool = False,
        state_dir: Path = tmp_path / "state",
        prefix: tuple[str, ...] = (),
    ) -> RunningHub:
        hub = RunningHub(root, None if inside else state_dir, tmp_path / "log", settings, prefix)
        started.append(hub)
        return hub

    yield start
    for hub in started:
        hub.close()


@pytest.fixture
def delete_tree() -> Callable[[Path], None]:
    """Delete a directory that a hub may be writing into: what it makes meanwhile is deleted, too."""

    def delete(directory: Path) -> None:
        while directory.exists():
            with suppress(OSError):  # not empty any more, or a file went by itself
                shutil.rmtree(directory)

    return delete


@pytest.fixture
def without_privilege() -> tuple[str, ...]:
    """A command prefix under which permissions count for root, too (capabilities(7), CAP_DAC_OVERRIDE)."""
    if os.geteuid() != 0:
        return ()
    lacking = "-dac_override,-dac_read_search"
    prefix = ("setpriv", f"--bounding-set={lacking}", f"--inh-caps={lacking}")
    if not shutil.which("setpriv") or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("no setpriv here, which could take root's privilege away")
    return prefix


@pytest.fixture
def sized() -> Callable[[int, int], int]:
    """How much of something: little for every run of the suite, or as much as FAULTS.md says."""
    return lambda small, full: full if os.environ.get("FAULTS_AT_FULL_SIZE") else small


@pytest.fixture
def observed(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what was seen; ``scripts/faults`` shows it."""

    def say(seen: str) -> None:
        sys.stdout.write(f"{request.node.name}: {seen}\n")

    return say


@pytest.fixture
def write_files() -> Callable[..., None]:
    """Write ``count`` small modules into a directory."""

    def write(directory: Path, count: int, prefix: str = "m") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (directory / f"{prefix}{number}.py").write_text(source(number))

    return write


def source(number: int) -> str:
    return (
        f"class C{number}:\n    def method(self):\n        return {number}\n\n\ndef f{number}():\n    pass\n"
    )
