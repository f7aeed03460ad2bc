"""FAULTS.md, S: damage to the database, two daemons, deleted state, kill -9."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]
Sized = Callable[[int, int], int]
Observed = Callable[[str], None]

STORM = Path(__file__).parents[2] / "scripts" / "storm.py"


def overwrite_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"this is no database" * 10)


def overwrite_pages(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 8192):
            file.seek(page * 8192)
            file.write(os.urandom(512))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def kept_copies(hub: Any) -> list[Path]:
    return list(hub.paths.state_dir.glob("hub.db.damaged-*"))


@pytest.mark.git
@pytest.mark.fault(case="S1")
def test_a_storm_with_kills_ends_in_the_index_a_fresh_start_makes(sized: Sized) -> None:
    sizes = {"--operations": sized(100, 1_000), "--kills": sized(5, 50), "--within": 60, "--queue": 20}
    command = [sys.executable, STORM, *(str(word) for option in sizes.items() for word in option)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize("damage", [overwrite_header, overwrite_pages, truncate])
@pytest.mark.fault(case="S2")
def test_a_database_damaged_before_the_start_is_kept_aside_and_rebuilt(
    root: Path, start_hub: StartHub, write_files: WriteFiles, damage: Callable[[Path], None]
) -> None:
    write_files(root / "d", 40)
    hub = start_hub()
    hub.converges()
    hub.close()
    damage(hub.paths.database)
    hub.start()
    hub.converges()
    assert len([path for path in kept_copies(hub) if not path.name.endswith(("-wal", "-shm"))]) == 1


@pytest.mark.fault(case="S2")
def test_an_empty_database_file_is_filled(root: Path, start_hub: StartHub, write_files: WriteFiles) -> None:
    write_files(root / "d", 10)
    hub = start_hub()
    hub.converges()
    hub.close()
    os.truncate(hub.paths.database, 0)
    hub.start()
    hub.converges()


@pytest.mark.fault(case="S2")
def test_a_database_damaged_under_the_running_hub_is_rebuilt(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 40)
    hub = start_hub()
    hub.converges()
    overwrite_header(hub.paths.database)
    overwrite_pages(hub.paths.database)
    for name in ("-wal",):
        os.truncate(hub.paths.database.with_name("hub.db" + name), 0)
    for number in range(40):
        (root / "d" / f"m{number}.py").write_text(f"def changed{number}(): pass\n")
    hub.wait_until(lambda: kept_copies(hub))
    hub.converges()


@pytest.mark.parametrize("inside", [False, True], ids=["state outside", "state inside"])
def test_a_deleted_state_directory_is_made_anew(
    root: Path, start_hub: StartHub, write_files: WriteFiles, inside: bool
) -> None:
    write_files(root / "d", 10)
    hub = start_hub(inside=inside)
    hub.converges()
    shutil.rmtree(hub.paths.state_dir)
    hub.wait_until(lambda: hub.paths.database.exists() and hub.status()["state"] == "ready")
    hub.converges()
    command = [sys.executable, "-m", "remora_hub", "run", str(root), "--state-dir", str(hub.paths.state_dir)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 75  # the lock was renewed, too


@pytest.mark.fault(case="S5")
def test_a_second_daemon_names_the_first_and_a_dead_ones_lock_is_taken(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 10)
    hub = start_hub()
    hub.converges()
    command = [sys.executable, "-m", "remora_hub", "run", str(root), "--state-dir", str(hub.paths.state_dir)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 75
    assert str(hub.process.pid) in second.stderr
    hub.process.kill()
    hub.process.wait()
    hub.start()
    hub.converges()
    assert hub.status()["lanes"]["extracted"] == 0  # nothing committed is indexed again


def test_a_missing_root_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "remora_hub", "run", str(tmp_path / "none")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert process.returncode == 66
    assert "No such file" in process.stderr
    assert "Traceback" not in process.stderr
