"""Change a project at random under a running hub, kill the hub at random, and compare its index with a fresh one.

A copy of DIR (default: some packages of the running Python's library) becomes a git repository. First the hub is killed
at random moments of its cold start, then the files are created, edited, renamed, moved, deleted, saved atomically and
checked out at random, with more kills in between. After each kill the database must be sound and the lanes gone, and
the next start must not index what was committed. In the end ``export`` must equal that of a fresh index, byte for byte,
within ``--within`` seconds of the last change. Exit 1 with the seed if anything of this fails.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import xxhash

from remora_hub.client.blocking import BlockingClient
from remora_hub.paths import StatePaths
from remora_hub.store import Fingerprint, Reader

_COMMAND = [sys.executable, "-P", "-m", "remora_hub"]
_DEFAULT_PACKAGES = ("json", "email", "asyncio", "importlib", "unittest", "http", "xml", "concurrent")
_LANES_VANISH_S = 2.0
_NOT_SOURCES = {".git", ".remora", "__pycache__"}


class BrokenPromiseError(Exception):
    """What the hub promises does not hold."""


class Tree:
    """The repository that is changed: one method a kind of change, chosen by ``change``."""

    def __init__(self, root: Path, dice: random.Random) -> None:
        self.root = root
        self._dice = dice
        self._made = 0
        self._branches = ["main"]
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=start")

    def change(self) -> None:
        """Make one random change."""
        kinds: list[tuple[Callable[[], None], int]] = [
            (self._edit, 30),
            (self._save_atomically, 20),
            (self._create, 15),
            (self._rename, 10),
            (self._delete, 10),
            (self._save_by_recreating, 8),
            (self._move_directory, 4),
            (self._delete_directory, 1),
            (self._switch_branch, 2),
        ]
        kind = self._dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        kind()

    def sources(self) -> list[Path]:
        """Every source file, sorted."""
        return sorted(
            Path(directory, name)
            for directory, names, files in os.walk(self.root)
            if not _keep_sources(names)
            for name in files
            if name.endswith((".py", ".pyi"))
        )

    def _directories(self) -> list[Path]:
        found = [Path(directory) for directory, names, _ in os.walk(self.root) if not _keep_sources(names)]
        return sorted(found)

    def _pick(self) -> Path:
        return self._dice.choice(self.sources() or [self._create()])

    def _content(self) -> str:
        self._made += 1
        number = self._made
        body = f"    def method_{number}(self, value: int = {number}) -> int:\n        return value\n"
        broken = "def (:\n" if self._dice.random() < 0.05 else ""
        return f"class Storm{number}:\n{body}\n\n{broken}STORM_{number} = {self._dice.random()}\n"

    def _create(self) -> Path:
        directory = self._dice.choice(self._directories())
        while self._dice.random() < 0.2:
            directory /= f"new_{self._dice.randrange(1000)}"
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"storm_{self._dice.randrange(100_000)}.py"
        path.write_text(self._content())
        return path

    def _edit(self) -> None:
        with self._pick().open("a") as file:
            file.write("\n\n" + self._content())

    def _save_atomically(self) -> None:
        path = self._pick()
        new = path.with_name(path.name + ".tmp")
        new.write_text(self._content())
        new.replace(path)

    def _save_by_recreating(self) -> None:
        path = self._pick()
        path.unlink()
        path.write_text(self._content())

    def _rename(self) -> None:
        self._pick().rename(
            self._dice.choice(self._directories()) / f"named_{self._dice.randrange(100_000)}.py"
        )

    def _delete(self) -> None:
        self._pick().unlink()

    def _move_directory(self) -> None:
        directories = self._directories()
        moved, into = self._dice.choice(directories), self._dice.choice(directories)
        if moved != self.root and not into.is_relative_to(moved):
            moved.rename(into / f"moved_{self._dice.randrange(100_000)}")

    def _delete_directory(self) -> None:
        directories = self._directories()
        small = [found for found in directories if found != self.root and len(list(found.rglob("*.py"))) < 10]
        if small:
            shutil.rmtree(self._dice.choice(small))

    def _switch_branch(self) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=storm")
        if len(self._branches) < 4:
            self._branches.append(f"branch-{len(self._branches)}")
            self._git("branch", self._branches[-1], self._dice.choice(self._branches[:-1]))
        self._git("checkout", "--quiet", self._dice.choice(self._branches))

    def _git(self, *arguments: str) -> None:
        author = ("-c", "user.name=storm", "-c", "user.email=storm@localhost", "-c", "gc.auto=0")
        subprocess.run(["git", *author, *arguments], cwd=self.root, check=True, capture_output=True)


class Daemon:
    """The real hub on the tree, started in the background as people start it."""

    def __init__(self, root: Path, settings: list[str]) -> None:
        self._root = root
        self._paths = StatePaths(root)
        self._settings = [part for setting in settings for part in ("--set", setting)]

    def start(self) -> None:
        """Start and return once it answers."""
        _run("start", str(self._root), *self._settings)

    def stop(self) -> None:
        """End it as people end it."""
        _run("stop", "--root", str(self._root))

    def call(self, method: str, params: dict[str, object] | None = None) -> Any:
        """Ask it."""
        with BlockingClient.connect(self._paths) as client:
            return client.call(method, params)

    def wait_until_ready(self) -> dict[str, Any]:
        """The status once the cold start is over."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            status: dict[str, Any] = self.call("hub/status")
            if status["state"] == "ready":
                return status
            time.sleep(0.02)  # nothing announces the end of a cold start to a client that does not subscribe
        raise BrokenPromiseError(f"not ready within 300 s: {status}")

    def kill(self) -> None:
        """``kill -9``: the lanes must go, the database must be sound."""
        process = psutil.Process(self.call("hub/status")["pid"])
        children = process.children(recursive=True)
        process.kill()
        _, alive = psutil.wait_procs([process, *children], timeout=_LANES_VANISH_S)
        left = [found for found in alive if found.is_running() and found.status() != psutil.STATUS_ZOMBIE]
        if left:
            raise BrokenPromiseError(f"still there {_LANES_VANISH_S:g} s after kill -9: {left}")

    def committed(self) -> dict[str, Fingerprint]:
        """What is in the database; raises BrokenPromiseError unless it is sound."""
        reader = Reader(self._paths.database)
        try:
            problems = reader.integrity_check()
            if problems:
                raise BrokenPromiseError(f"the database is damaged: {problems}")
            return reader.fingerprints()
        finally:
            reader.close()


def main() -> int:
    """Run the storm; 0 if the hub kept its promises."""
    options = _options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    print(f"seed {seed}, policy {options.policy}", flush=True)
    with tempfile.TemporaryDirectory(prefix="remora-storm-") as scratch:
        os.environ["XDG_CACHE_HOME"] = str(Path(scratch, "cache"))
        root = Path(scratch, "tree")
        _copy_sources(options.directory, root)
        tree = Tree(root, dice)
        settings = [f"changes.backpressure={options.policy}", f"changes.change_queue_size={options.queue}"]
        daemon = Daemon(root, settings)
        try:
            _kill_cold_starts(daemon, options.kills - options.kills // 2, dice)
            _storm(tree, daemon, options.operations, options.kills // 2, dice)
            _compare(daemon, root, Path(scratch, "fresh"), options.within)
        except BrokenPromiseError as broken:
            print(f"FAILED with seed {seed}: {broken}")
            print(Path(root, ".remora", "hub.log").read_text()[-4000:])
            return 1
        finally:
            subprocess.run([*_COMMAND, "stop", "--root", str(root)], capture_output=True, check=False)
    return 0


def _kill_cold_starts(daemon: Daemon, kills: int, dice: random.Random) -> None:
    """Kill again and again while the first index is made; what was committed must not be touched again."""
    before: dict[str, Fingerprint] = {}
    for _ in range(kills):
        daemon.start()
        time.sleep(dice.uniform(0, 1))  # the random moment at which it is killed
        daemon.kill()
        after = daemon.committed()
        again = [path for path, found in before.items() if after.get(path) != found]
        if again:
            raise BrokenPromiseError(f"indexed again after a kill: {again[:10]}")
        before = after
    print(f"{kills} kills at cold start, {len(before)} files committed by then", flush=True)
    daemon.start()
    status = daemon.wait_until_ready()
    indexed, missing = status["cold_start"]["indexed"], status["cold_start"]["files"] - len(before)
    if indexed > missing:
        raise BrokenPromiseError(f"{missing} files were missing, {indexed} were indexed")


def _storm(tree: Tree, daemon: Daemon, operations: int, kills: int, dice: random.Random) -> None:
    """Make the changes, in bursts; kill at random ones of them."""
    fatal = set(dice.sample(range(operations), min(kills, operations)))
    for number in range(operations):
        tree.change()
        if dice.random() < 0.05:
            time.sleep(dice.uniform(0, 0.3))  # people pause, too: changes come in bursts
        if number in fatal:
            daemon.kill()
            committed = daemon.committed()
            stale = _stale(tree, committed)
            daemon.start()
            status = daemon.wait_until_ready()
            extracted = status["lanes"]["extracted"]
            if extracted > len(stale):
                raise BrokenPromiseError(
                    f"{len(stale)} files were stale after a kill, {extracted} were indexed"
                )
    print(f"{operations} changes, {len(fatal)} kills among them", flush=True)


def _compare(daemon: Daemon, root: Path, state_dir: Path, within_s: float) -> None:
    """The live index and a fresh one must export the same bytes."""
    changed = time.monotonic()
    daemon.call("hub/sync", {"timeout_s": 60})
    level_s = time.monotonic() - changed
    live = _run("export", "--root", str(root), "--format", "jsonl")
    status = daemon.call("hub/status")
    everything = ("export", "--root", str(root), "--state-dir", str(state_dir), "--format", "jsonl")
    fresh = _run(*everything, "--set", "index.facts_cache_mb=0")  # or it would repeat what the live one kept
    queue, lanes = status["queue"], status["lanes"]
    print(
        f"level {level_s:.2f} s after the last change; queue {queue}; lanes {lanes}; rescans {status['rescans']}"
    )
    if live != fresh:
        difference = difflib.unified_diff(
            fresh.splitlines(), live.splitlines(), "fresh", "live", n=0, lineterm=""
        )
        raise BrokenPromiseError(
            "\n".join(["the live index differs from a fresh one", *list(difference)[:40]])
        )
    if level_s > within_s:
        raise BrokenPromiseError(
            f"level only {level_s:.2f} s after the last change; {within_s:g} s are allowed"
        )
    print(f"equal: {live.count(chr(10))} records", flush=True)


def _stale(tree: Tree, committed: dict[str, Fingerprint]) -> list[str]:
    """The files whose bytes are not those that were indexed."""
    stale = []
    for path in tree.sources():
        found = committed.get(str(path.relative_to(tree.root)))
        if found is None or found.digest != xxhash.xxh3_128_hexdigest(path.read_bytes()):
            stale.append(str(path))
    return stale


def _keep_sources(names: list[str]) -> None:
    names[:] = sorted(set(names) - _NOT_SOURCES)


def _copy_sources(directory: Path | None, root: Path) -> None:
    """Python files of ``directory`` with their times, so that none is young at the cold start."""
    if directory is not None:
        sources = {path: path.relative_to(directory) for path in directory.rglob("*.py")}
    else:
        library = Path(sysconfig.get_path("stdlib"))
        chosen = [path for name in _DEFAULT_PACKAGES for path in (library / name).rglob("*.py")]
        sources = {path: path.relative_to(library) for path in chosen}
    for source, relative in sources.items():
        (root / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, root / relative, follow_symlinks=False)


def _run(*arguments: str) -> str:
    process = subprocess.run(
        [*_COMMAND, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    if process.returncode:
        raise BrokenPromiseError(
            f"{' '.join(arguments)}: exit {process.returncode}: {process.stderr[-2000:]}"
        )
    return process.stdout


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="storm", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="Python code to copy")
    parser.add_argument("--operations", type=int, default=1000, help="random changes (default: 1000)")
    parser.add_argument("--kills", type=int, default=50, help="kill -9 this often, half of it at cold start")
    parser.add_argument("--seed", type=int, help="repeat the changes of another run")
    parser.add_argument("--policy", choices=("reconcile", "block", "shed_oldest"), default="reconcile")
    parser.add_argument("--queue", type=int, default=1000, help="size of the change queue (default: 1000)")
    parser.add_argument("--within", type=float, default=3.0, help="seconds from the last change (default: 3)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
