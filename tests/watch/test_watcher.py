"""The watcher on a real kernel: however events mislead or fail to come, what it says must lead to the disk's state."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk, walk_directories
from remora_hub.errors import RootError
from remora_hub.watch.hints import Rescan
from remora_hub.watch.notifier import EventSource, open_inotify
from remora_hub.watch.watcher import Watcher

StartMirror = Callable[..., Awaitable[Any]]  # of conftest.Mirror, which cannot be imported from here
WaitUntil = Callable[..., Awaitable[None]]


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"x = {random.random()}\n")


def directories_of(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_dir()] + [root]


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, "-C", str(directory), *arguments], check=True, capture_output=True)


async def test_written_changed_and_deleted_files_are_hinted_at_by_path(
    root: Path, mirror_of: StartMirror
) -> None:
    put(root, "a.py", "b/c.py", "b/old.py")
    mirror = await mirror_of(root)
    put(root, "a.py", "b/new.py")
    (root / "b/old.py").unlink()
    await mirror.converges()
    assert {path for hints in mirror.hints for path in hints.paths} == {"a.py", "b/new.py", "b/old.py"}
    assert mirror.reasons() == set()


@pytest.mark.parametrize("is_told", [True, False])
async def test_directories_that_came_went_or_were_replaced_since_they_were_listed_are_followed(
    is_told: bool, root: Path, mirror_of: StartMirror
) -> None:
    put(root, "gone/a.py", "replaced/b.py", "kept/c.py")
    listed = walk_directories(root, SourceRules(root))
    shutil.rmtree(root / "gone")
    (root / "replaced").rename(root / "away")
    put(root, "replaced/b.py", "new/deep/d.py")
    mirror = await mirror_of(root, listed=lambda: listed if is_told else None)
    put(root, "kept/c.py", "replaced/b.py", "new/deep/d.py", "away/e.py", "gone/a.py")
    await mirror.converges()


async def test_files_that_are_no_sources_give_no_hints(root: Path, mirror_of: StartMirror) -> None:
    (root / ".gitignore").write_text("gen.py\n")
    mirror = await mirror_of(root)
    put(root, "notes.txt", "gen.py", "a.py")
    await mirror.converges()
    assert {path for hints in mirror.hints for path in hints.paths} == {"a.py"}


async def test_saves_of_every_kind_are_seen(root: Path, mirror_of: StartMirror) -> None:
    put(root, "a.py")
    mirror = await mirror_of(root)
    for _ in range(20):
        put(root, ".a.py.tmp")
        (root / ".a.py.tmp").rename(root / "a.py")
        await mirror.converges()
        (root / "a.py").unlink()
        put(root, "a.py")
        await mirror.converges()


async def test_file_in_a_directory_chain_made_at_once_is_seen(root: Path, mirror_of: StartMirror) -> None:
    mirror = await mirror_of(root)
    for turn in range(10):
        put(root, f"n{turn}/a/b/c/d/e/f.py")
        await mirror.converges()


@pytest.mark.git
async def test_clone_into_the_tree_is_seen_whole(root: Path, tmp_path: Path, mirror_of: StartMirror) -> None:
    origin = tmp_path / "origin"
    put(origin, *(f"p{n % 20}/q{n % 7}/m{n}.py" for n in range(400)))
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message", "all")
    mirror = await mirror_of(root)
    git(tmp_path, "clone", "--quiet", str(origin), str(root / "clone"))
    await mirror.converges()
    assert len(mirror.files) == 400


@pytest.mark.git
async def test_branch_switch_there_and_back_ends_in_the_final_state(
    root: Path, mirror_of: StartMirror
) -> None:
    git(root, "init", "--quiet", "--initial-branch=one")
    put(root, *(f"p{n % 30}/m{n}.py" for n in range(1_500)))
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "one")
    git(root, "switch", "--quiet", "--create", "two")
    shutil.rmtree(root / "p0")
    put(root, *(f"p{n % 30}/m{n}.py" for n in range(700)), "new/x/y.py")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "two")
    mirror = await mirror_of(root)
    for branch in ("one", "two", "one"):
        git(root, "switch", "--quiet", branch)
    await mirror.converges()
    put(root, "p0/m0.py")
    await mirror.converges()


async def test_directory_moved_in_renamed_and_moved_out_is_followed(
    root: Path, tmp_path: Path, mirror_of: StartMirror
) -> None:
    put(tmp_path, *(f"outside/s{n % 8}/m{n}.py" for n in range(80)))
    mirror = await mirror_of(root)
    (tmp_path / "outside").rename(root / "inside")
    await mirror.converges()
    assert len(mirror.files) == 80
    (root / "inside").rename(root / "renamed")
    await mirror.converges()
    put(root, "renamed/s3/m3.py", "renamed/s4/new.py")
    await mirror.converges()
    (root / "renamed").rename(tmp_path / "outside")
    await mirror.converges()
    assert mirror.files == {}


async def test_directory_replaced_by_another_of_its_name_is_watched(
    root: Path, mirror_of: StartMirror
) -> None:
    put(root, "d/e/a.py")
    mirror = await mirror_of(root)
    for turn in range(10):
        shutil.rmtree(root / "d")
        put(root, f"d/e/b{turn}.py")
        await mirror.converges()
        put(root, f"d/e/b{turn}.py", "d/c.py")
        await mirror.converges()


async def test_directories_that_swap_places_are_followed(root: Path, mirror_of: StartMirror) -> None:
    put(root, "one/x/a.py", "two/x/b.py")
    mirror = await mirror_of(root)
    (root / "one").rename(root / "t")
    (root / "two").rename(root / "one")
    (root / "t").rename(root / "two")
    await mirror.converges()
    put(root, "one/x/b.py", "two/x/a.py")
    await mirror.converges()


async def test_file_and_directory_may_take_each_others_name(root: Path, mirror_of: StartMirror) -> None:
    put(root, "thing.py")
    mirror = await mirror_of(root)
    (root / "thing.py").unlink()
    put(root, "thing.py/a.py")
    await mirror.converges()
    shutil.rmtree(root / "thing.py")
    put(root, "thing.py")
    await mirror.converges()


async def test_root_deleted_and_made_again_is_watched_again(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil
) -> None:
    put(root, "a.py", "b/c.py")
    mirror = await mirror_of(root)
    shutil.rmtree(root)
    await wait_until(lambda: mirror.watcher.state.name == "root missing")
    put(root, "d/e.py")
    await mirror.converges()
    assert mirror.watcher.state.name == "watching"
    put(root, "d/f.py")
    await mirror.converges()


async def test_root_replaced_at_once_is_watched_again(root: Path, mirror_of: StartMirror) -> None:
    put(root, "a.py")
    mirror = await mirror_of(root)
    shutil.rmtree(root)
    put(root, "d/e.py")
    await mirror.converges()
    put(root, "d/f.py")
    await mirror.converges()


async def test_root_renamed_away_and_back_is_watched_again(
    root: Path, tmp_path: Path, mirror_of: StartMirror, wait_until: WaitUntil
) -> None:
    put(root, "a.py", "b/c.py")
    mirror = await mirror_of(root)
    shutil.move(root, tmp_path / "elsewhere")
    await wait_until(lambda: mirror.watcher.state.name == "root missing")
    put(tmp_path, "elsewhere/b/unseen.py")
    shutil.move(tmp_path / "elsewhere", root)
    await mirror.converges()
    put(root, "b/seen.py")
    await mirror.converges()


async def test_name_that_is_not_utf8_does_not_end_the_watching(root: Path, mirror_of: StartMirror) -> None:
    put(root, "b/a.py")
    mirror = await mirror_of(root)
    os.close(os.open(os.fsencode(root) + b"/b/bad\xff.py", os.O_CREAT))
    put(root, "b/a.py")
    await mirror.converges()
    put(root, "c.py")
    await mirror.converges()
    assert mirror.watcher.counters.failures >= 1
    assert any(reason.startswith("watcher failed") for reason in mirror.reasons())


async def test_ignored_directories_take_no_watches(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, watch_count: Callable[[], int]
) -> None:
    put(root, "a.py", "b/c.py", ".venv/pyvenv.cfg")
    (root / ".gitignore").write_text("/ignored/\n")
    for n in range(5_000):
        (root / f"{'ignored' if n % 2 else '.venv'}/d{n}").mkdir(parents=True)
    mirror = await mirror_of(root)
    assert watch_count() <= 2 + 10
    for n in range(30):
        put(root, f"ignored/later{n}/a.py", f"b/__pycache__/a{n}.pyc", f"new{n}/x.py")
    await mirror.converges()
    assert mirror.watcher.directories == 2 + 30
    await wait_until(lambda: watch_count() <= 2 + 30 + 10)  # those that retire are gone soon


async def test_many_new_directories_join_the_main_instance(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, watch_count: Callable[[], int]
) -> None:
    mirror = await mirror_of(root)
    put(root, *(f"d{n}/a.py" for n in range(400)))
    await mirror.converges()
    put(root, *(f"d{n}/b.py" for n in range(0, 400, 40)))
    await mirror.converges()
    await wait_until(lambda: watch_count() <= 401 + 10)


async def test_changed_ignore_rules_hide_and_show_directories(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, watch_count: Callable[[], int]
) -> None:
    put(root, "a/x.py", "b/c/x.py", "b/d/x.py")
    (root / ".gitignore").write_text("/a/\n")
    mirror = await mirror_of(root)
    assert set(mirror.files) == {"b/c/x.py", "b/d/x.py"}
    (root / ".gitignore").write_text("/b/\n")
    await mirror.converges()
    assert set(mirror.files) == {"a/x.py"}
    await wait_until(lambda: watch_count() == mirror.watcher.directories == 2)
    put(root, "a/new.py")
    await mirror.converges()
    (root / ".gitignore").unlink()
    await mirror.converges()
    put(root, "b/.gitignore", "b/d/y.py")
    (root / "b/.gitignore").write_text("d\n")
    await mirror.converges()
    assert set(mirror.files) == {"a/x.py", "a/new.py", "b/c/x.py"}


async def test_environment_made_inside_the_tree_disappears(root: Path, mirror_of: StartMirror) -> None:
    put(root, "a.py", "env/lib/a.py")
    mirror = await mirror_of(root)
    put(root, "env/pyvenv.cfg")
    await mirror.converges()
    assert set(mirror.files) == {"a.py"}


@pytest.mark.git
async def test_changed_exclude_file_of_the_repository_counts(root: Path, mirror_of: StartMirror) -> None:
    git(root, "init", "--quiet")
    put(root, "a.py", "b.py")
    mirror = await mirror_of(root)
    (root / ".git/info/exclude").write_text("b.py\n")
    await mirror.converges()
    assert set(mirror.files) == {"a.py"}


async def test_a_repository_made_step_by_step_is_followed(root: Path, mirror_of: StartMirror) -> None:
    put(root, "a.py", "b.py")
    mirror = await mirror_of(root)
    for path, content in (
        ("config", ""),
        ("HEAD", "ref: refs/heads/main\n"),
        ("info/exclude", "/a.py\n"),
        ("info/exclude", "/b.py\n"),
    ):
        (root / ".git" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / ".git" / path).write_text(content)
        await mirror.converges()
    assert mirror.files.keys() == {"a.py"}


async def test_a_write_through_one_name_is_seen_under_the_others(root: Path, mirror_of: StartMirror) -> None:
    put(root, "a.py", "d/readme")
    (root / "d" / "b.py").hardlink_to(root / "a.py")
    mirror = await mirror_of(root)
    (root / "a.py").write_text("changed = 1\n")
    await mirror.converges()


async def test_directory_that_a_walk_found_unwatched_is_covered_and_rescanned(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil
) -> None:
    put(root, "a/b/c.py")
    mirror = await mirror_of(root)
    found = walk(root, mirror.rules).directories
    mirror.watcher.ensure(found)
    mirror.watcher.ensure(found | {"a": 0})  # as if another directory had been there when it was armed
    await wait_until(lambda: mirror.hints)
    assert [rescan for hints in mirror.hints for rescan in hints.rescan] == [
        Rescan("a", "unwatched directory")
    ]


async def test_random_storm_ends_in_the_state_of_the_disk(
    root: Path, tmp_path: Path, mirror_of: StartMirror
) -> None:
    choose = random.Random(7)
    mirror = await mirror_of(root)
    for _ in range(400):
        directories = directories_of(root)
        here, there = choose.choice(directories), choose.choice(directories)
        action = choose.randrange(8)
        target = there / f"n{choose.randrange(30)}"
        if action < 4:
            put(
                here,
                f"n{choose.randrange(30)}/m{choose.randrange(5)}.py"
                if action < 2
                else f"m{choose.randrange(9)}.py",
            )
        elif action == 4 and here != root:
            shutil.rmtree(here)
        elif action < 7 and here != root and not target.is_relative_to(here) and not target.exists():
            here.rename(target)
        else:
            for file in list(here.glob("*.py"))[:2]:
                file.rename(file.with_name(f"m{choose.randrange(9)}.py"))
        if choose.random() < 0.05:
            await mirror.converges()
    await mirror.converges()
    put(root, *(f"{path.relative_to(root)}/last.py" for path in directories_of(root)))
    await mirror.converges()


async def test_a_directory_that_comes_while_all_is_being_armed_is_watched_too(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil
) -> None:
    put(root, "a.py")

    def meanwhile(directories: Sequence[str]) -> EventSource:
        if not (root / "late").exists():
            put(root, "late/inner/b.py")
        return open_inotify(directories)

    mirror = await mirror_of(root, open_source=meanwhile)
    await wait_until(lambda: mirror.watcher.directories == 3)  # the root's, and the two that came
    await mirror.converges()
    mirror.hints.clear()
    put(root, "late/inner/c.py")
    await mirror.converges()
    assert {path for hints in mirror.hints for path in hints.paths} == {"late/inner/c.py"}


async def test_no_thread_is_kept_on_one_core(root: Path, mirror_of: StartMirror) -> None:
    put(root, "a/b.py")
    await mirror_of(root)
    cores = os.sched_getaffinity(0)
    assert all(os.sched_getaffinity(int(thread)) == cores for thread in os.listdir("/proc/self/task"))


async def test_missing_root_is_refused(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    watcher = Watcher(gone, SourceRules(gone))
    with pytest.raises(RootError):
        await watcher.start()
    await watcher.close()


def own_threads() -> int:
    """Threads of this process but those that asyncio's executor keeps, as many as it likes."""
    return sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())


async def test_nothing_is_left_after_closing(
    root: Path, wait_until: WaitUntil, watch_count: Callable[[], int]
) -> None:
    put(root, "a/b.py")
    threads, descriptors = own_threads(), len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        watcher = Watcher(root, SourceRules(root))
        await watcher.start()
        put(root, "new/b.py")
        await anext(watcher)
        await watcher.close()
        await watcher.close()
        async for _ in watcher:
            pass  # what was pending; then it ends
    # RustNotify lets go of its instance in a thread of its own, which nobody can join.
    await wait_until(lambda: watch_count() == 0)
    await wait_until(lambda: own_threads() <= threads)
    await wait_until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors + 2)
