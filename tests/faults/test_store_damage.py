"""FAULTS.md, S: what others put in the place of the database and its companions, or write into them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]


def overwrite_pages(database: Path) -> None:
    with database.open("r+b") as file:
        for page in range(1, database.stat().st_size // 8192):
            file.seek(page * 8192)
            file.write(os.urandom(512))


def put_directory(database: Path) -> None:
    database.unlink()
    database.mkdir()


def put_link_to_a_copy(database: Path) -> None:
    shutil.copy(database, database.with_name("copy"))
    database.unlink()
    database.symlink_to("copy")


def put_dangling_link(database: Path) -> None:
    database.unlink()
    database.symlink_to(database.parent.with_name("outside"))


def put_older_state(database: Path) -> None:
    with database.open("r+b") as file:
        older = database.with_name("older").read_bytes()
        file.write(older)
        file.truncate(len(older))


def delete_facts(database: Path) -> None:
    connection = apsw.Connection(str(database))
    connection.set_busy_timeout(5_000)
    connection.execute("DELETE FROM hub_nodes WHERE file_id % 3 = 0")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [overwrite_pages, put_directory, put_link_to_a_copy, put_dangling_link, put_older_state, delete_facts],
)
@pytest.mark.fault(case="S2")
def test_what_others_do_to_the_files_of_the_idle_hub_is_found_though_nobody_reads(
    root: Path, start_hub: StartHub, write_files: WriteFiles, damage: Callable[[Path], None]
) -> None:
    write_files(root / "d", 100)
    hub = start_hub()
    hub.converges()
    hub.checkpoint()
    shutil.copy(hub.paths.database, hub.paths.database.with_name("older"))
    for number in range(60):
        (root / "d" / f"m{number}.py").write_text(f"def changed{number}(): pass\n" * 20)
    hub.converges()
    hub.checkpoint()
    damage(hub.paths.database)
    hub.wait_until(hub.damaged_copies)
    hub.converges()
    assert not hub.paths.state_dir.with_name("outside").exists()
    assert stat.S_ISREG(hub.paths.database.lstat().st_mode)


@pytest.mark.parametrize("place", ["hub.db", "hub.db-wal", "hub.db-clean"])
@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to(path.parent.with_name("outside"))])
def test_links_and_pipes_that_came_with_a_project_are_neither_followed_nor_waited_for(
    root: Path, start_hub: StartHub, write_files: WriteFiles, place: str, put: Callable[[Path], None]
) -> None:
    write_files(root / "d", 3)
    (root / ".remora").mkdir()
    put(root / ".remora" / place)
    hub = start_hub(inside=True)
    hub.converges()
    hub.close()
    assert not (root / "outside").exists()
