"""FAULTS.md, S: damage to the database, two daemons, deleted state, kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import pytest

from remora_hub.errors import StoreError, UsageError

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


@pytest.mark.git
@pytest.mark.timeout(600)
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
    assert len([path for path in hub.damaged_copies() if not path.name.endswith(("-wal", "-shm"))]) == 1


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
    hub.wait_until(hub.damaged_copies)
    hub.converges()


@pytest.mark.parametrize("inside", [False, True], ids=["state outside", "state inside"])
def test_a_deleted_state_directory_is_made_anew(
    root: Path,
    start_hub: StartHub,
    write_files: WriteFiles,
    delete_tree: Callable[[Path], None],
    inside: bool,
) -> None:
    write_files(root / "d", 10)
    hub = start_hub(inside=inside)
    hub.converges()
    delete_tree(hub.paths.state_dir)
    hub.wait_until(lambda: hub.paths.database.exists() and hub.status()["state"] == "ready")
    hub.converges()
    command = [sys.executable, "-m", "remora_hub", "run", str(root), "--state-dir", str(hub.paths.state_dir)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 75  # the lock was renewed, too


@pytest.mark.fault(case="S5")
def test_a_second_daemon_names_the_first_and_a_dead_ones_lock_is_taken(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 10)
    hub = start_hub()
    hub.converges()
    command = [sys.executable, "-m", "remora_hub", "run", str(root), "--state-dir", str(hub.paths.state_dir)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 75
    assert str(hub.process.pid) in second.stderr
    hub.process.kill()
    hub.process.wait()
    hub.start()
    hub.converges()
    assert hub.status()["lanes"]["extracted"] == 0  # nothing committed is indexed again


def test_a_missing_root_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "remora_hub", "run", str(tmp_path / "none")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 66
    assert "No such file" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
@pytest.mark.fault(case="S2")
def test_a_database_or_log_deleted_under_the_idle_hub_is_made_anew(
    root: Path, start_hub: StartHub, write_files: WriteFiles, ending: str
) -> None:
    write_files(root / "d", 40)
    hub = start_hub()
    hub.converges()
    index_id = hub.call("hub/symbols", query="C1")["index_id"]
    hub.paths.database.with_name("hub.db" + ending).unlink()
    hub.wait_until(lambda: hub.call("hub/symbols", query="C1")["index_id"] != index_id)
    hub.converges()
    hub.process.kill()
    hub.process.wait()
    hub.start()
    hub.converges()


@pytest.mark.parametrize("damage", [overwrite_pages, truncate])
@pytest.mark.fault(case="S2")
def test_damage_that_only_reads_meet_is_found_and_mended(
    root: Path, start_hub: StartHub, write_files: WriteFiles, damage: Callable[[Path], None]
) -> None:
    write_files(root / "d", 200)
    hub = start_hub()
    hub.converges()
    hub.checkpoint()
    paths = [file["path"] for file in hub.call("hub/files")["files"]]
    damage(hub.paths.database)
    for path in paths:
        # The error names the damage; or the index is being made anew already.
        with suppress(StoreError, UsageError):
            hub.call("hub/outline", path=path)
    hub.wait_until(hub.damaged_copies)
    hub.converges()
    assert hub.call("hub/symbols", query="C1")["degraded"] is None


@pytest.mark.fault(case="S2")
def test_damage_that_nobody_meets_is_found_by_the_periodic_check(
    root: Path, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(root / "d", 200)
    hub = start_hub("store.check_interval_s=0.5")
    hub.converges()
    hub.checkpoint()
    overwrite_pages(hub.paths.database)
    hub.wait_until(hub.damaged_copies)
    hub.converges()


@pytest.mark.parametrize("statement", ["DROP TABLE hub_names", "DELETE FROM hub_file"])
@pytest.mark.fault(case="S2")
def test_what_another_program_took_out_of_the_database_comes_back(
    root: Path, start_hub: StartHub, write_files: WriteFiles, statement: str
) -> None:
    write_files(root / "d", 20)
    hub = start_hub()
    hub.converges()
    connection = apsw.Connection(str(hub.paths.database))
    connection.set_busy_timeout(5_000)
    connection.execute(statement)
    connection.close()
    (root / "d" / "m1.py").write_text("def changed(): pass\n")
    hub.converges()


def test_files_left_out_under_other_limits_are_decided_again(
    root: Path, start_hub: StartHub, write_files: WriteFiles, tmp_path: Path
) -> None:
    write_files(root / "d", 3)
    (root / "large.py").write_text("def large(): pass\n" + "#" * 5_000)
    (root / "slow.py").write_text("\\\n" * 14_000 + "\ndef slow(): pass\n")  # it takes the parser seconds
    state_dir = tmp_path / "state"
    hub = start_hub("index.parse_timeout_s=0.5", state_dir=state_dir)
    hub.call("hub/sync", timeout_s=60)
    assert hub.served()[1] == {"slow.py": "timed_out"}
    hub.close()
    hub = start_hub("index.parse_timeout_s=60", state_dir=state_dir)
    hub.converges()
    assert "slow.py" in hub.served()[0]
    hub.close()
    hub = start_hub("discovery.max_file_bytes=4000", state_dir=state_dir)
    hub.call("hub/sync", timeout_s=60)
    assert hub.served()[1] == {"slow.py": "too_large", "large.py": "too_large"}
    hub.close()
    hub = start_hub("index.parse_timeout_s=60", state_dir=state_dir)
    hub.converges()


@pytest.mark.fault(case="S4")
def test_a_state_directory_that_turns_read_only_is_named_and_the_index_serves_on(
    root: Path, start_hub: StartHub, write_files: WriteFiles, without_privilege: tuple[str, ...]
) -> None:
    write_files(root / "d", 20)
    hub = start_hub(prefix=without_privilege)
    hub.converges()
    hub.paths.lock.unlink()
    hub.paths.state_dir.chmod(0o500)
    hub.wait_until(lambda: hub.status()["state"] == "degraded")
    assert str(hub.paths.state_dir) in hub.status()["problems"][0]["problem"]
    answer = hub.call("hub/symbols", query="C1")
    assert answer["symbols"]
    assert "state" in answer["degraded"]
    hub.paths.state_dir.chmod(0o700)
    hub.wait_until(lambda: hub.status()["state"] == "ready")
    hub.converges()
