from __future__ import annotations

import pytest

from remora_hub.compression import NAMES
from remora_hub.model import FileIndex, HubStatus, ImportStatement, NodeState
from remora_hub.store import FileTouched


def state(qualname="f", path="a.py", digest="d", line=1, **fields):
    return NodeState(
        path=path, kind="function", qualname=qualname, range=(line, 0, line + 1, 4), digest=digest, **fields
    )


def without_history(record):
    return record.model_dump(exclude={"version", "created_at", "updated_at"})


INDEX = FileIndex(
    path="a.py",
    digest="abc",
    size=10,
    line_count=3,
    imports=(ImportStatement(line=1, names=("os",)),),
    exports=("f",),
    node_count=1,
)


async def test_a_files_records_come_back_as_they_were_set(store):
    node = state(
        signature="(a: 'é\\\"')", docstring='Say "hi".', decorators=("x",), typed=(1, 2), is_async=True
    )
    await store.invalidate_and_set("a.py", [node], INDEX)
    assert without_history(await store.get("node:a.py:f")) == without_history(node)
    assert without_history(await store.get_file("a.py")) == without_history(INDEX)


async def test_setting_a_file_replaces_all_it_held(store, replaced):
    await store.apply([replaced("a.py", ["old"]), replaced("b.py", ["other"])])
    commit = await store.invalidate_and_set("a.py", [state("new")], INDEX)
    assert {(change.kind, change.key) for change in commit.changes} == {
        ("removed", "node:a.py:old"),
        ("added", "node:a.py:new"),
    }
    assert await store.list_keys("node:") == ["node:a.py:new", "node:b.py:other"]


async def test_a_file_set_from_records_is_read_again_at_the_next_scan(store, replaced):
    await store.apply([replaced("a.py", ["f"], digest="abc")])
    await store.invalidate_and_set("a.py", [state()], INDEX)
    assert (await store.fingerprints())["a.py"].digest == ""
    await store.apply([replaced("a.py", ["f"], digest="abc")])
    [(path, names, imports_everything)] = store.reader.mentions()
    assert (path, NAMES.decompress(names).split(), imports_everything) == ("a.py", [b"f"], False)


async def test_records_of_another_path_are_refused(store):
    with pytest.raises(ValueError, match=r"b\.py"):
        await store.invalidate_and_set("a.py", [state(path="b.py")], INDEX)


async def test_single_nodes_are_saved_beside_the_others(store, replaced):
    await store.apply([replaced("a.py", ["f", "g"])])
    commit = await store.set_many([state("g", digest="new"), state("h", line=9), state("k", path="b.py")])
    assert {(change.kind, change.key) for change in commit.changes} == {
        ("changed", "node:a.py:g"),
        ("added", "node:a.py:h"),
        ("added", "node:b.py:k"),
    }
    assert await store.list_keys("node:") == ["node:a.py:f", "node:a.py:g", "node:a.py:h", "node:b.py:k"]
    assert (await store.get_file("a.py")).node_count == 3
    assert (await store.stats()).nodes == 4
    assert await store.integrity_check() == []


async def test_nodes_of_a_file_come_in_source_order(store):
    states = [
        state("late", line=9),
        state("C.m", line=2),
        state("C", line=2).model_copy(update={"range": (2, 0, 8, 0)}),
    ]
    await store.invalidate_and_set("a.py", states, INDEX)
    assert [node.qualname for node in await store.get_by_file("a.py")] == ["C", "C.m", "late"]


async def test_an_invalidated_file_is_forgotten(store, replaced):
    await store.apply([replaced("a.py", ["f"])])
    await store.invalidate_file("a.py")
    assert (await store.list_keys(""), await store.fingerprints()) == ([], {})


async def test_the_hubs_own_record_counts_its_versions_and_has_no_sequence_number(store):
    assert await store.get_hub_status() is None
    await store.set_hub_status(HubStatus(root="/r", hub_version="1", state="indexing"))
    await store.set_hub_status(HubStatus(root="/r", hub_version="1", state="ready", files=3))
    status = await store.get_hub_status()
    assert (status.version, status.state, status.files) == (2, "ready", 3)
    assert store.sequence() == 0


async def test_listing_selects_by_kind_status_and_directory(store, replaced):
    await store.apply(
        [
            replaced("pkg/a.py", ["f", {"name": "C", "kind": "class"}]),
            replaced("pkg_b/b.py", ["g"]),
            replaced("pkg.py", ["h"]),
        ]
    )
    assert [node.qualname async for node in store.list_nodes(kind="class")] == ["C"]
    assert [node.qualname async for node in store.list_nodes(under="pkg")] == ["f", "C"]
    assert [node.qualname for node in store.reader.list_nodes(under="pkg.py")] == ["h"]
    assert [index.path async for index in store.list_files()] == ["pkg.py", "pkg/a.py", "pkg_b/b.py"]
    assert [index.path for index in store.reader.list_files(under="pkg/")] == ["pkg/a.py"]


async def test_touching_does_not_rewrite_the_record(store, replaced):
    await store.apply([replaced("a.py", ["f"])])
    before = store.reader.record("file:a.py")
    await store.apply([FileTouched(path="a.py", size=1, changed_ns=2, inode=3, scanned_ns=4)])
    assert store.reader.record("file:a.py") == before
