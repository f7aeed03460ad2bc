"""File systems that tell too little, and mounts that tell nothing."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from remora_hub.watch import watcher as watcher_module
from remora_hub.watch.mounts import Mount, mounts_of, read_mounts, silent_kind, why_silent
from remora_hub.watch.notifier import EventSource

StartMirror = Callable[..., Awaitable[Any]]  # of conftest.Mirror, which cannot be imported from here
WaitUntil = Callable[..., Awaitable[None]]

SYSTEM = Mount(1, "/", "ext4")


class DeafSource:
    """What inotify is on a file system that tells nothing."""

    def watch(self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: Any) -> str:
        while not stop_event.is_set():
            time.sleep(step_ms / 1000)  # as RustNotify polls it
        return "stop"

    def close(self) -> None:
        pass


def deaf(directories: Sequence[str]) -> EventSource:
    return DeafSource()  # type: ignore[return-value]  # what is used of it


@pytest.fixture
def bind_mount() -> Iterator[Callable[[Path, Path], Callable[[], None]]]:
    """Mount a directory over another; the result unmounts it."""
    points: list[Path] = []

    def unmount(point: Path) -> None:
        points.remove(point)
        subprocess.run(["umount", "--lazy", str(point)], check=True)

    def mount(source: Path, point: Path) -> Callable[[], None]:
        command = ["mount", "--bind", str(source), str(point)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting is not permitted here")
        points.append(point)
        return lambda: unmount(point)

    yield mount
    for point in points:
        unmount(point)


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse", "fuse.sshfs", "fuse.grpcfuse", "vboxsf"]
)
def test_file_systems_that_others_change_are_silent(kind: str) -> None:
    assert silent_kind(kind)


@pytest.mark.parametrize(
    "kind", ["ext4", "btrfs", "xfs", "tmpfs", "overlay", "zfs", "fuseblk", "fusectl", "vfat"]
)
def test_file_systems_of_this_kernel_alone_are_not(kind: str) -> None:
    assert not silent_kind(kind)


def test_a_tree_lies_on_the_mount_that_holds_it_and_on_those_inside() -> None:
    home, inside, other = Mount(2, "/home", "nfs4"), Mount(3, "/home/a/b", "ext4"), Mount(4, "/homely", "9p")
    assert mounts_of("/home/a", [SYSTEM, home, inside, other]) == (home, inside)
    assert mounts_of("/srv", [SYSTEM, home, inside, other]) == (SYSTEM,)


def test_a_mount_hides_what_was_mounted_below_it_before() -> None:
    inside, over, later = Mount(2, "/a/b/c", "nfs"), Mount(3, "/a/b", "ext4"), Mount(4, "/a/b/d", "9p")
    assert mounts_of("/a/b", [SYSTEM, inside, over, later]) == (over, later)


def test_the_kernels_table_is_read_with_names_that_hold_spaces(
    tmp_path: Path, bind_mount: Callable[[Path, Path], object]
) -> None:
    point = tmp_path / "a b\\c"
    point.mkdir()
    bind_mount(tmp_path, point)
    assert str(point) in {mount.point for mount in read_mounts()}


async def test_on_a_file_system_that_others_change_it_polls_beside_events(
    root: Path, mirror_of: StartMirror
) -> None:
    share = Mount(2, str(root), "nfs4")
    mirror = await mirror_of(root, list_mounts=lambda: [SYSTEM, share], open_source=deaf)
    assert mirror.watcher.state.name == "polling"
    assert "nfs4" in mirror.watcher.state.detail
    (root / "a.py").touch()
    await mirror.converges()
    assert mirror.reasons() == {"polling"}


async def test_one_such_file_system_inside_is_enough(root: Path, mirror_of: StartMirror) -> None:
    share = Mount(2, str(root / "share"), "fuse.sshfs")
    mirror = await mirror_of(root, list_mounts=lambda: [SYSTEM, share])
    assert mirror.watcher.state.name == "polling"
    (root / "a.py").touch()
    await mirror.converges()
    assert mirror.hints[-1].paths == {"a.py"} or "polling" in mirror.reasons()


@pytest.mark.parametrize(
    ("shown", "is_silent"), [("/a", True), ("/a/src", True), ("/", True), ("/ab", False), ("/b", False)]
)
def test_events_tell_too_little_of_what_is_mounted_in_the_tree_a_second_time(
    root: Path, shown: str, is_silent: bool
) -> None:
    (root / "again").mkdir()
    disk = Mount(2, str(root.parent), "ext4", "8:1", "/")
    again = Mount(3, str(root / "again"), "ext4", "8:1", shown.replace("/a", f"/{root.name}", 1))
    assert bool(why_silent(str(root), [disk, again])) == is_silent
    assert not why_silent(str(root), [disk, again._replace(device="8:2")])


async def test_a_file_mounted_over_another_is_polled(
    root: Path, tmp_path: Path, mirror_of: StartMirror, bind_mount: Callable[[Path, Path], Callable[[], None]]
) -> None:
    (root / "a.py").touch()
    (tmp_path / "other.py").touch()
    mirror = await mirror_of(root)
    unmount = bind_mount(tmp_path / "other.py", root / "a.py")
    (tmp_path / "other.py").write_text("x = 1\n")
    await mirror.converges()
    assert mirror.watcher.state.name == "polling"
    (tmp_path / "other.py").write_text("x = 22\n")
    await mirror.converges()
    unmount()
    await mirror.converges()


async def test_asked_never_to_poll_it_does_not(root: Path, mirror_of: StartMirror) -> None:
    share = Mount(2, str(root), "nfs4")
    mirror = await mirror_of(root, list_mounts=lambda: [SYSTEM, share], polling="never")
    assert mirror.watcher.state.name == "watching"


async def test_changes_that_no_event_told_of_make_it_poll(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "_EVIDENCE_S", 0.05)
    mirror = await mirror_of(root, open_source=deaf)
    mirror.watcher.compared("periodic", 0, 0.0)
    assert mirror.watcher.state.name == "watching"
    mirror.watcher.compared("periodic", 1, 0.0)
    await wait_until(lambda: mirror.watcher.state.name == "polling")
    (root / "a.py").touch()
    await mirror.converges()


async def test_an_event_shows_that_there_are_some_again(
    root: Path, mirror_of: StartMirror, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "_EVIDENCE_S", 0.05)
    mirror = await mirror_of(root)
    mirror.watcher.compared("periodic", 1, 0.0)
    await wait_until(lambda: mirror.watcher.state.name == "polling")
    (root / "a.py").touch()
    await wait_until(lambda: mirror.watcher.state.name == "watching")


async def test_a_directory_mounted_over_another_and_unmounted_is_seen(
    root: Path, tmp_path: Path, mirror_of: StartMirror, bind_mount: Callable[[Path, Path], Callable[[], None]]
) -> None:
    (root / "d").mkdir()
    (root / "d" / "hidden.py").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mounted.py").touch()
    mirror = await mirror_of(root)
    unmount = bind_mount(tmp_path / "other", root / "d")
    await mirror.converges()
    assert mirror.files.keys() == {"d/mounted.py"}
    (root / "d" / "late.py").touch()
    await mirror.converges()
    unmount()
    await mirror.converges()
    assert mirror.files.keys() == {"d/hidden.py"}
