"""FAULTS.md, S4, S6 and W8: a full or read-only disk, a reader that never ends, a kernel out of watches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]
Sized = Callable[[int, int], int]
Observed = Callable[[str], None]

HUB = (sys.executable, "-P", "-m", "remora_hub")
DISK_BYTES = 16 * 1024 * 1024
LOWER_WATCHES = 'echo "$0" > /proc/sys/user/max_inotify_watches && exec "$@"'


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own for the state directory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 16
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return ballast


def is_degraded(hub: Any) -> bool:
    status = hub.status()
    return status["state"] == "degraded" and status["problems"][0]["part"] == "store"


@pytest.mark.fault(case="S4")
def test_on_a_full_disk_the_hub_serves_what_it_has_and_resumes_when_there_is_room(
    root: Path, small_disk: Path, start_hub: StartHub, write_files: WriteFiles, observed: Observed
) -> None:
    write_files(root / "old", 50)
    hub = start_hub(state_dir=small_disk / "state")
    hub.converges()
    ballast = fill(small_disk)
    write_files(root / "new", 2_000)
    hub.wait_until(lambda: is_degraded(hub))
    observed(hub.status()["problems"][0]["problem"])
    assert len(hub.call("hub/symbols", query="C49")["symbols"]) >= 1
    ballast.unlink()
    started = time.monotonic()
    hub.converges()
    observed(f"level {time.monotonic() - started:.1f} s after there was room")
    assert hub.status()["state"] == "ready"


@pytest.mark.fault(case="S4")
def test_on_a_read_only_disk_the_start_ends_with_a_sentence(
    root: Path, small_disk: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "old", 50)
    hub = start_hub(state_dir=small_disk / "state")
    hub.converges()
    hub.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    command = [*HUB, "run", str(root), "--state-dir", str(hub.paths.state_dir)]
    started = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert started.returncode == 74
    assert "Read-only file system" in started.stderr
    assert "Traceback" not in started.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    hub.start()
    hub.converges()


@pytest.mark.fault(case="S6")
def test_a_reader_that_never_ends_leaves_the_log_bounded_and_stops_no_answer(
    root: Path, start_hub: StartHub, write_files: WriteFiles, sized: Sized, observed: Observed
) -> None:
    write_files(root / "d", 50)
    hub = start_hub("store.busy_timeout_ms=1000")
    hub.converges()
    reader = apsw.Connection(str(hub.paths.database), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    before = reader.execute("SELECT count(*) FROM hub_file").fetchall()
    wal = hub.paths.database.with_name("hub.db-wal")
    largest = saves = 0
    slowest_s = 0.0
    end = time.monotonic() + sized(3, 60)
    while time.monotonic() < end:
        saves += 20
        for number in range(20):
            words = (os.urandom(8).hex() for _ in range(500))  # nothing that could be compressed
            body = "\n".join(f"def f{word}(value):\n    return value" for word in words)
            (root / "d" / f"m{number}.py").write_text(body)
        asked = time.monotonic()
        hub.call("hub/symbols", query="f")
        slowest_s = max(slowest_s, time.monotonic() - asked)
        largest = max(largest, wal.stat().st_size)
    observed(
        f"log {largest / 2**20:.1f} MiB at most, {saves} saves, slowest answer {slowest_s:.2f} s, "
        f"{hub.status()['state']}: {hub.status()['problems']}"
    )
    assert largest <= 64 * 1024 * 1024  # FAULTS.md, S6
    assert reader.execute("SELECT count(*) FROM hub_file").fetchall() == before
    reader.close()
    hub.converges()
    assert hub.status()["state"] == "ready"


@pytest.fixture
def with_watches() -> Callable[[int], tuple[str, ...]]:
    """A command prefix that leaves one process so many inotify watches, in a user namespace of its own."""

    def prefix(watches: int) -> tuple[str, ...]:
        command = ("unshare", "--user", "--map-root-user", "sh", "-c", LOWER_WATCHES, str(watches))
        if (
            not shutil.which("unshare")
            or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
        ):
            pytest.skip("no user namespaces here, in which the limit could be lowered")
        return command

    return prefix


def lacks_watches(hub: Any) -> bool:
    problems = hub.status().get("problems", [])
    return any("fs.inotify.max_user_watches" in problem["remedy"] for problem in problems)


@pytest.mark.fault(case="W8")
def test_too_few_watches_at_the_start_are_named_and_made_up_for_by_polling(
    root: Path,
    start_hub: StartHub,
    write_files: WriteFiles,
    with_watches: Callable[[int], tuple[str, ...]],
    sized: Sized,
) -> None:
    for number in range(40):
        write_files(root / f"d{number}", 1)
    hub = start_hub(prefix=with_watches(20))
    hub.wait_until(lambda: lacks_watches(hub))
    (root / "d7" / "late.py").write_text("def late(): pass\n")
    hub.wait_until(lambda: "d7/late.py" in hub.served()[0])
    hub.converges()
    if sized(False, True):  # watching is tried again every 30 s
        for number in range(30):
            shutil.rmtree(root / f"d{number}")
        hub.wait_until(lambda: not lacks_watches(hub), within_s=60)
        hub.converges()


@pytest.mark.fault(case="W8")
def test_too_few_watches_while_running_are_named_and_made_up_for_by_polling(
    root: Path, start_hub: StartHub, write_files: WriteFiles, with_watches: Callable[[int], tuple[str, ...]]
) -> None:
    hub = start_hub(prefix=with_watches(20))
    hub.wait_until_ready()
    assert not lacks_watches(hub)
    for number in range(40):
        write_files(root / f"d{number}", 1)
    hub.wait_until(lambda: lacks_watches(hub))
    (root / "d30" / "late.py").write_text("def late(): pass\n")
    hub.wait_until(lambda: "d30/late.py" in hub.served()[0])
    hub.converges()


@pytest.fixture
def disk_that_fails(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A file system of its own, and what has the kernel turn it read-only under open files, as after an error."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    disk.mkdir()
    make = ["mkfs.ext4", "-q", "-F", str(image)]
    mount = ["mount", "-o", "loop,errors=remount-ro", str(image), str(disk)]
    for command in (make, mount):
        if (
            not shutil.which(command[0])
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("no disk image can be mounted here")
    found = subprocess.run(
        ["findmnt", "-no", "SOURCE", str(disk)], capture_output=True, text=True, check=True
    ).stdout
    trigger = Path("/sys/fs/ext4") / Path(found.strip()).name / "trigger_fs_error"
    yield disk, lambda: trigger.write_text("1") and None
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.fault(case="S4")
def test_a_disk_that_turns_read_only_under_the_hub_is_named_and_the_index_serves_on(
    root: Path,
    disk_that_fails: tuple[Path, Callable[[], None]],
    start_hub: StartHub,
    write_files: WriteFiles,
) -> None:
    disk, fail = disk_that_fails
    write_files(root / "old", 20)
    hub = start_hub(state_dir=disk / "state")
    hub.converges()
    fail()
    (root / "old" / "m1.py").write_text("def later(): pass\n")
    hub.wait_until(lambda: is_degraded(hub))
    answer = hub.call("hub/symbols", query="C19")
    assert answer["symbols"]
    assert (
        str(hub.paths.database) in answer["degraded"]
    )  # newer kernels leave unsaid why: an I/O error is all there is
    hub.process.terminate()
    code = hub.process.wait(10)
    assert code == 0, hub.log.read_text()[-3000:]
    assert "Traceback" not in hub.log.read_text()
