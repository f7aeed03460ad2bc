"""A hub's months in minutes: edits, branch switches, clients, reloads; what it holds on to must not grow.

It is measured after a tenth of everything, when caches are warm, and at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import UsageError
from remora_hub.paths import StatePaths

EDITS, SWITCHES, CLIENTS, RELOADS = 10_000, 200, 500, 20
FILES = 200
MOST_GROWTH_MB = 20.0
LONGEST_START_S = 60.0
LONGEST_REST_S = 90.0  # repeats in the log are summed up after a minute
ROUNDS = 10  # everything is mixed: a tenth of each kind in a round


class Held(NamedTuple):
    """What the hub holds on to when it has nothing to do: memory in MB, counts, bytes of the log."""

    memory_mb: float
    descriptors: int
    threads: int
    children: int
    wal_bytes: int


class Soak:
    """One hub on a repository of its own below ``base``."""

    def __init__(self, base: Path, seed: int) -> None:
        self._root = base / "root"
        self._random = random.Random(seed)  # noqa: S311 - the same life for the same seed
        self._reloads = 0
        self._root.mkdir()
        for number in range(FILES):
            self._edit(number)
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("add", ".")
        self._git("commit", "--quiet", "--message=main")
        self._git("checkout", "--quiet", "-b", "other")
        for number in range(0, FILES, 2):
            self._edit(number)
        self._git("rm", "--quiet", "f1.py", "f3.py")
        self._git("commit", "--quiet", "--all", "--message=other")
        self._paths = StatePaths(self._root, base / "state")
        self._log = (base / "log").open("wb")
        command = [sys.executable, "-P", "-m", "remora_hub", "run", str(self._root)]
        self._process = subprocess.Popen(
            [*command, "--state-dir", str(base / "state"), "--set", "index.lane_idle_s=1"],
            stdout=self._log,
            stderr=self._log,
        )
        self.client = BlockingClient.wait_for(self._paths, LONGEST_START_S)
        self.client.call("hub/sync")

    def live(self, share: float) -> None:
        """So much of everything."""
        kinds = {"edit": EDITS, "switch": SWITCHES, "client": CLIENTS, "reload": RELOADS}
        for _ in range(ROUNDS):
            doings = [kind for kind, count in kinds.items() for _ in range(round(count * share / ROUNDS))]
            self._random.shuffle(doings)
            for number, doing in enumerate(doings):
                self._do(doing)
                if number % 100 == 0:
                    self.client.call("hub/sync")
            self.client.call("hub/sync")

    def held(self, threads: int = 0) -> Held:
        """What is held once lanes, clients, and threads beyond so many are gone that end by themselves.

        Such are, behind a reload, the one that reports progress and the one that sums up repeats in the log.
        """
        process = psutil.Process(self._process.pid)
        deadline = time.monotonic() + LONGEST_REST_S
        while (
            process.children()
            or process.num_threads() > (threads or sys.maxsize)
            or self.client.call("hub/status")["clients"] != 1
        ):
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)  # between two looks: the end of another's threads and children is told to nobody
        wal = self._paths.database.with_name("hub.db-wal").stat().st_size
        return Held(
            process.memory_info().rss / 1e6,
            process.num_fds(),
            process.num_threads(),
            len(process.children()),
            wal,
        )

    def said(self) -> dict[str, int]:
        """How many lines the log has, by level."""
        lines = (self._root.parent / "log").read_text(encoding="utf-8").splitlines()
        return dict(Counter(json.loads(line)["level"] for line in lines))

    def close(self) -> int:
        """Stop the hub; its exit code."""
        self.client.close()
        self._process.terminate()
        self._log.close()
        return self._process.wait(30)

    def _do(self, doing: str) -> None:
        if doing == "edit":
            self._edit(self._random.randrange(FILES))
        elif doing == "switch":
            self._git("checkout", "--quiet", "--force", self._random.choice(("main", "other")))
        elif doing == "client":
            with BlockingClient.connect(self._paths) as client:
                client.call("hub/symbols", {"query": f"f{self._random.randrange(FILES)}"})
                with suppress(UsageError):  # git has just taken the file away
                    client.call("hub/references", {"key": "node:f0.py:f0"})
        else:
            self._reloads += 1  # each with a change for which the index is opened anew
            text = f"[watch]\ndebounce_ms = {50 + self._reloads % 2}\n"
            (self._root / "remora-hub.toml").write_text(text, encoding="utf-8")
            os.kill(self._process.pid, signal.SIGHUP)

    def _edit(self, number: int) -> None:
        value = self._random.randrange(1_000_000)
        text = f"def f{number}():\n    return {value}\n\n\nclass C{value}:\n    pass\n"
        (self._root / f"f{number}.py").write_text(text, encoding="utf-8")

    def _git(self, *arguments: str) -> None:
        author = ("-c", "user.name=soak", "-c", "user.email=soak@localhost")
        subprocess.run(["git", *author, *arguments], cwd=self._root, check=True, capture_output=True)


def main() -> int:
    """Run; 1 if something grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="how much of everything (default: 1.0)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        soak = Soak(Path(base), options.seed)
        started = time.monotonic()
        soak.live(options.share * 0.1)
        warm = soak.held()
        soak.live(options.share * 0.9)
        end = soak.held(warm.threads)
        code = soak.close()
        said = soak.said()
    print(
        f"after a tenth  {warm}\nat the end     {end}\n{time.monotonic() - started:.0f} s, exit code {code}"
    )
    grew = [
        name for name in ("descriptors", "threads", "children") if getattr(end, name) > getattr(warm, name)
    ]
    grew += ["memory"] if end.memory_mb > warm.memory_mb + MOST_GROWTH_MB else []
    grew += ["wal"] if end.wal_bytes > max(warm.wal_bytes, 8 * 1024 * 1024) else []
    print(f"lines of the log: {said}")
    print(f"grew: {', '.join(grew)}" if grew else "nothing grew")
    return 1 if grew or code or "error" in said else 0


if __name__ == "__main__":
    sys.exit(main())
