"""A kernel that will not watch, a watcher that breaks down, and a process that stood still."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from remora_hub.watch import watcher as watcher_module
from remora_hub.watch.notifier import EventSource, WatchError, open_inotify

StartMirror = Callable[..., Awaitable[Any]]  # of conftest.Mirror, which cannot be imported from here
WaitUntil = Callable[..., Awaitable[None]]

# Prints the state once armed, then whenever a line comes in on stdin: the reasons and the number of files mirrored.
FOLLOW = """
import asyncio, sys
from pathlib import Path
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk
from remora_hub.watch.watcher import Watcher

async def main(root):
    rules = SourceRules(root)
    watcher = Watcher(root, rules, reconcile_interval_s=3600)
    await watcher.start()
    state = watcher.state
    print(state.name, "|", state.detail, "|", state.remedy, "|", watcher.directories, flush=True)
    async for hints in watcher:
        for rescan in hints.rescan:
            print(rescan.reason, "|", len(walk(root, rules).files), flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.fixture
def follow(root: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a process that watches the root; what it prints is read line by line."""
    started: list[subprocess.Popen[str]] = []

    def start(*prefix: str, root: str = str(root), **options: Any) -> subprocess.Popen[str]:
        command = [*prefix, sys.executable, "-c", FOLLOW, root]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return [part.strip() for part in process.stdout.readline().split("|")]


def inotify_instances() -> int:
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            found += "inotify" in str(descriptor.readlink())
    return found


def with_limit(name: str, value: int) -> list[str]:
    """A command prefix that lowers a limit of inotify, for one process, in a user namespace of its own."""
    lower = f'echo {value} > /proc/sys/user/{name} && exec "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", lower, "sh"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no user namespaces here, in which the limit could be lowered")
    return prefix


def refusing(refusals: int) -> Callable[[Sequence[str]], EventSource]:
    """An opener that reports the limit so many times before it works."""
    left = iter(range(refusals))

    def open_source(directories: Sequence[str]) -> EventSource:
        if next(left, None) is not None:
            raise WatchError("watch", "it", "limit", "raise fs.inotify.max_user_watches")
        return open_inotify(directories)

    return open_source


async def test_without_watches_it_polls_says_so_and_recovers_by_itself(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "_RETRY_S", 1.5)
    refuse = True

    def open_source(directories: Sequence[str]) -> EventSource:
        return refusing(int(refuse))(directories)

    mirror = await mirror_of(root, open_source=open_source)
    assert mirror.watcher.state.name == "degraded"
    assert "fs.inotify.max_user_watches" in mirror.watcher.state.remedy
    (root / "a.py").touch()
    await mirror.converges()
    assert "polling" in mirror.reasons()
    refuse = False
    await wait_until(lambda: mirror.watcher.state.name == "watching")
    (root / "b.py").touch()
    await mirror.converges()
    await wait_until(lambda: any("b.py" in hints.paths for hints in mirror.hints))


async def test_limit_reached_by_new_directories_keeps_what_is_watched(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "_RETRY_S", 1.5)
    refuse = False

    def open_source(directories: Sequence[str]) -> EventSource:
        return refusing(int(refuse))(directories)

    mirror = await mirror_of(root, open_source=open_source)
    refuse = True
    (root / "new").mkdir()
    (root / "new" / "a.py").touch()
    await wait_until(lambda: mirror.watcher.state.name == "degraded")
    (root / "new" / "b.py").touch()
    await mirror.converges()
    refuse = False
    await wait_until(lambda: mirror.watcher.state.name == "watching")
    (root / "new" / "c.py").touch()
    await mirror.converges()


def test_kernels_limit_of_watches_is_named(root: Path, follow: Callable[..., subprocess.Popen[str]]) -> None:
    for n in range(50):
        (root / f"d{n}").mkdir()
    name, detail, remedy, _ = line(process := follow(*with_limit("max_inotify_watches", 20)))
    assert (name, remedy) == ("degraded", "raise fs.inotify.max_user_watches")
    assert "limit of watches" in detail
    (root / "a.py").touch()
    while line(process) != ["polling", "1"]:
        assert process.poll() is None


def test_limit_of_instances_is_named(root: Path, follow: Callable[..., subprocess.Popen[str]]) -> None:
    name, _, remedy, _ = line(follow(*with_limit("max_inotify_instances", 0)))
    assert name == "degraded"
    assert "fs.inotify.max_user_instances" in remedy


def test_stopped_process_whose_queue_overflowed_rescans(
    root: Path, follow: Callable[..., subprocess.Popen[str]]
) -> None:
    process = follow()
    assert line(process)[0] == "watching"
    os.kill(process.pid, signal.SIGSTOP)
    (root / "new" / "deep").mkdir(parents=True)
    for n in range(20_000):
        (root / ("new/deep" if n % 2 else "") / f"m{n}.py").touch()
    # Longer than the second after which a beat counts as missed, counted by the writer's own work.
    subprocess.run(["sleep", "1.3"], check=True)
    os.kill(process.pid, signal.SIGCONT)
    while (answer := line(process))[1] != "20000":
        assert process.poll() is None
    while answer[0] not in ("suspended", "overflow"):
        answer = line(process)


async def test_repeated_breakdowns_do_not_stop_the_hub_from_seeing(
    root: Path, mirror_of: StartMirror
) -> None:
    mirror = await mirror_of(root)
    for turn in range(3):
        os.close(os.open(os.fsencode(root) + b"/bad%d\xff" % turn, os.O_CREAT))
        (root / f"a{turn}.py").touch()
        await mirror.converges()
    assert mirror.watcher.counters.failures >= 2


def test_a_root_whose_name_is_not_utf8_is_polled(
    root: Path, follow: Callable[..., subprocess.Popen[str]]
) -> None:
    directory = os.fsencode(root) + b"/d\xff"
    os.mkdir(directory)
    name, detail, remedy, _ = line(process := follow(root=os.fsdecode(directory)))
    assert (name, remedy) == ("degraded", "rename it")
    assert "not UTF-8" in detail
    os.close(os.open(directory + b"/a.py", os.O_CREAT))
    while line(process) != ["polling", "1"]:
        assert process.poll() is None


async def test_polling_on_request_sees_changes_without_any_watch(
    root: Path, mirror_of: StartMirror, watch_count: Callable[[], int]
) -> None:
    mirror = await mirror_of(root, polling="always")
    assert mirror.watcher.state.name == "polling"
    assert watch_count() == 0
    (root / "new").mkdir()
    (root / "new" / "a.py").touch()
    await mirror.converges()


async def test_everything_is_rescanned_periodically(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil
) -> None:
    mirror = await mirror_of(root, reconcile_interval_s=0.3)
    await wait_until(lambda: mirror.watcher.counters.rescans["periodic"] >= 2)


async def test_no_more_than_three_instances_are_used(root: Path, mirror_of: StartMirror) -> None:
    mirror = await mirror_of(root)
    most = 0
    for n in range(40):
        (root / f"d{n}" / "e").mkdir(parents=True)
        await mirror.converges()
        most = max(most, inotify_instances())
    assert 1 <= most <= 3
