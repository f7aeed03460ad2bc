"""The kernel's own list of watches, and what is watched anew by it after events were lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from remora_hub.discovery.rules import SourceRules
from remora_hub.watch.coverage import Coverage
from remora_hub.watch.notifier import Notifier, open_inotify
from remora_hub.watch.watched_inodes import watched_inodes


@pytest.fixture
def opened() -> list[list[str]]:
    """The directories of each inotify instance that was opened."""
    return []


@pytest.fixture
def coverage(root: Path, opened: list[list[str]]) -> Iterator[Coverage]:
    def open_notifier(directories: list[str]) -> Notifier:
        opened.append(list(directories))
        return Notifier(
            directories,
            debounce_ms=10,
            step_ms=5,
            deliver=lambda _: None,
            failed=lambda _notifier, _reason: None,
        )

    with closing(Coverage(root, SourceRules(root), open_notifier)) as made:
        yield made


def test_a_watched_inode_is_listed_until_its_directory_goes(root: Path) -> None:
    (root / "a").mkdir()
    inode = (root / "a").stat().st_ino
    with closing(open_inotify([str(root), str(root / "a")])):
        assert watched_inodes() is not None
        assert {inode, root.stat().st_ino} <= (watched_inodes() or set())
        (root / "a").rmdir()
        assert inode not in (watched_inodes() or set())


def test_only_what_lost_its_watch_is_watched_anew(
    root: Path, coverage: Coverage, opened: list[list[str]], watch_count: Callable[[], int]
) -> None:
    for name in ("kept", "replaced", "moved"):
        (root / name).mkdir()
    coverage.rearm()
    (root / "replaced").rmdir()
    (root / "replaced").mkdir()  # perhaps with the same inode
    (root / "moved").rename(root / "kept" / "moved")
    (root / "new").mkdir()
    coverage.recheck()
    assert sorted(coverage.directories) == ["", "kept", "kept/moved", "new", "replaced"]
    assert [sorted(opening) for opening in opened[1:]] == [
        [f"{root}/{name}" for name in ("kept/moved", "new", "replaced")]
    ]
    coverage.recheck()
    assert len(opened) == 2


def test_directories_of_one_inode_number_are_not_taken_for_watched(
    root: Path, coverage: Coverage, opened: list[list[str]]
) -> None:
    for name in ("a", "b", "c"):
        (root / name).mkdir()
    coverage.rearm()
    coverage.directories["b"] = coverage.directories["a"]  # as where one of them is the other, mounted
    coverage.recheck()
    assert [sorted(opening) for opening in opened[1:]] == [[f"{root}/{name}" for name in ("a", "b")]]
