"""One batch of paths, and results that come too late: nothing may land that the disk no longer bears out."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from remora_hub.discovery.rules import SourceRules
from remora_hub.facts import EXTRACTOR_VERSION
from remora_hub.pipeline.index_files import Sources, index_files
from remora_hub.pipeline.lanes import ParseLanes, Postponed
from remora_hub.pipeline.reconcile import reconcile
from remora_hub.store import FileChange, FileOmitted, FileRemoved, FileReplaced, FileTouched, NodeStateStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture(scope="module")
def lanes() -> Iterator[ParseLanes]:
    made = ParseLanes(1, limit_s=30, idle_s=60)
    yield made
    made.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[NodeStateStore]:
    made = await NodeStateStore.open(tmp_path / "hub.db", extractor_version=EXTRACTOR_VERSION)
    yield made
    await made.close()


async def index(root: Path, store: NodeStateStore, lanes: ParseLanes, *paths: str) -> list[FileChange]:
    """The changes for ``paths`` as things stand; not yet written."""
    known = await store.fingerprints()
    found = index_files(paths, known, Sources(root, SourceRules(root), 1_000_000), lanes)
    return [change for change in found if not isinstance(change, Postponed)]


async def test_each_state_of_a_file_becomes_its_change(
    root: Path, store: NodeStateStore, lanes: ParseLanes
) -> None:
    path = root / "a.py"
    assert await index(root, store, lanes, "a.py") == []
    for prepare, expected in (
        (lambda: path.write_text("x = 1\n"), FileReplaced),
        (path.touch, FileTouched),
        (lambda: path.write_text("x" * 1_000_001), FileOmitted),
        (path.unlink, FileRemoved),
    ):
        prepare()
        [change] = await index(root, store, lanes, "a.py")
        assert isinstance(change, expected)
        assert (await store.apply([change])).discarded == ()
    assert await store.fingerprints() == {}


async def test_bytes_that_no_lane_could_extract_are_not_tried_again(
    root: Path, store: NodeStateStore
) -> None:
    hurried = ParseLanes(1, limit_s=1.0, idle_s=60)
    (root / "a.py").write_bytes(b"\\\n" * 40_000)
    [omitted] = await index(root, store, hurried, "a.py")
    assert isinstance(omitted, FileOmitted)
    await store.apply([omitted])
    for _ in range(2):
        (root / "a.py").touch()
        [touched] = await index(root, store, hurried, "a.py")
        assert isinstance(touched, FileTouched)
        await store.apply([touched])
    assert (await store.fingerprints())["a.py"].status == "timed_out"
    assert hurried.counters.timed_out == 1
    (root / "a.py").write_text("x = 1\n")
    [mended] = await index(root, store, hurried, "a.py")
    assert isinstance(mended, FileReplaced)
    hurried.close()


async def test_results_that_the_disk_no_longer_bears_out_are_discarded(
    root: Path, store: NodeStateStore, lanes: ParseLanes
) -> None:
    path = root / "a.py"
    path.write_text("x = 1\n")
    replaced = await index(root, store, lanes, "a.py")
    path.write_text("x = 22\n")
    assert (await store.apply(replaced)).discarded == ("a.py",)
    await store.apply(await index(root, store, lanes, "a.py"))
    path.touch()
    touched = await index(root, store, lanes, "a.py")
    path.unlink()
    assert (await store.apply(touched)).discarded == ("a.py",)
    removed = await index(root, store, lanes, "a.py")
    path.symlink_to("elsewhere")
    omitted = await index(root, store, lanes, "a.py")
    path.unlink()
    path.write_text("x = 22\n")
    assert (await store.apply(removed)).discarded == ("a.py",)
    assert (await store.apply(omitted)).discarded == ("a.py",)


async def test_a_file_that_rules_came_to_ignore_is_removed(
    root: Path, store: NodeStateStore, lanes: ParseLanes
) -> None:
    (root / "a.py").write_text("x = 1\n")
    await store.apply(await index(root, store, lanes, "a.py"))
    (root / ".gitignore").write_text("a.py\n")
    [change] = await index(root, store, lanes, "a.py")
    assert isinstance(change, FileRemoved)
    await store.apply([change])
    assert await store.fingerprints() == {}


async def test_a_path_that_is_now_reached_through_a_link_only_is_removed(
    root: Path, store: NodeStateStore, lanes: ParseLanes
) -> None:
    (root / "d").mkdir()
    (root / "d" / "a.py").write_text("x = 1\n")
    await store.apply(await index(root, store, lanes, "d/a.py"))
    (root / "d").rename(root / "e")
    (root / "d").symlink_to("e")
    commit = await store.apply(await index(root, store, lanes, "d/a.py"))
    assert commit.discarded == ()
    assert await store.fingerprints() == {}


async def test_a_directory_named_like_a_source_is_nothing(
    root: Path, store: NodeStateStore, lanes: ParseLanes
) -> None:
    (root / "a.py").mkdir()
    (root / "a.py" / "b.py").write_text("x = 1\n")
    [change] = await index(root, store, lanes, "a.py", "a.py/b.py")
    assert change.path == "a.py/b.py"


async def test_what_a_walk_settled_does_not_undo_what_a_worker_found_since(
    root: Path, store: NodeStateStore, lanes: ParseLanes
) -> None:
    path, pipe = root / "a.py", root / "pipe.py"
    path.write_text("x = 1\n")
    await store.apply(await index(root, store, lanes, "a.py"))
    path.unlink()
    pipe.symlink_to("nowhere")
    with ThreadPoolExecutor(1) as executor:
        found = await reconcile(root, SourceRules(root), store, executor)
    assert {change.path for change in found.settled} == {"a.py", "pipe.py"}
    path.write_text("x = 2\n")
    pipe.unlink()
    await store.apply(await index(root, store, lanes, "a.py"))
    assert set((await store.apply(found.settled)).discarded) == {"a.py", "pipe.py"}
    assert list(await store.fingerprints()) == ["a.py"]
    shutil.rmtree(root)


async def test_what_lies_beyond_the_longest_path_is_named(root: Path, store: NodeStateStore) -> None:
    name = "n" * 200
    directory = os.open(root, os.O_RDONLY)
    for _ in range(4096 // 200 + 1):  # PATH_MAX, limits.h(0p)
        os.mkdir(name, dir_fd=directory)
        os.close(os.open("a.py", os.O_CREAT, dir_fd=directory))
        below = os.open(name, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(directory)
    with ThreadPoolExecutor(1) as executor:
        found = await reconcile(root, SourceRules(root), store, executor)
    assert found.settled
    assert (await store.apply(found.settled)).discarded == ()
    assert {known.status for known in (await store.fingerprints()).values()} == {"unreadable"}
