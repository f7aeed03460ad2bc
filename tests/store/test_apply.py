from __future__ import annotations

import json
from contextlib import closing

import apsw
import msgspec

from remora_hub.compression import CODE, NAMES
from remora_hub.store import Commit, FileOmitted, FileRemoved, FileTouched, NodeChange, NodeStateStore


def told(commit: Commit) -> set[tuple[str, str, str | None]]:
    return {(change.kind, change.key, change.from_key) for change in commit.changes}


async def test_a_new_file_adds_its_nodes_under_the_first_sequence_number(store, replaced):
    commit = await store.apply([replaced("a.py", ["f", "C", "C.m"])])
    assert commit.seq == 1
    assert commit.files == ("a.py",)
    assert [change.key for change in commit.changes] == ["node:a.py:f", "node:a.py:C", "node:a.py:C.m"]
    assert {change.kind for change in commit.changes} == {"added"}
    assert [state.key for state in await store.get_by_file("a.py")] == [
        "node:a.py:f",
        "node:a.py:C",
        "node:a.py:C.m",
    ]


async def test_only_what_differs_is_told_and_saved(store, replaced):
    await store.apply([replaced("a.py", ["f", "g", "h"])])
    commit = await store.apply(
        [replaced("a.py", ["f", {"name": "g", "digest": "new"}, {"name": "h", "line": 30}])]
    )
    assert told(commit) == {("changed", "node:a.py:g", None), ("moved", "node:a.py:h", None)}
    states = await store.get_many(["node:a.py:f", "node:a.py:g", "node:a.py:h"])
    assert [state.version for state in states.values()] == [1, 2, 2]


async def test_the_same_facts_again_are_no_commit(store, replaced):
    first = await store.apply([replaced("a.py", ["f"])])
    again = await store.apply([replaced("a.py", ["f"], changed_ns=5)])
    assert (again.seq, again.files, again.changes) == (first.seq, (), ())
    assert (await store.fingerprints())["a.py"].changed_ns == 5


async def test_a_node_that_changes_files_in_one_transaction_has_moved(store, replaced):
    await store.apply([replaced("a.py", ["C.m", "stays"])])
    commit = await store.apply(
        [replaced("a.py", ["stays"]), replaced("b.py", [{"name": "D.m", "digest": "d-C.m"}])]
    )
    moved = ("moved", "node:b.py:D.m", "node:a.py:C.m")
    assert moved in told(commit)
    assert "removed" not in {change.kind for change in commit.changes}


async def test_a_renamed_definition_is_removed_and_added(store, replaced):
    await store.apply([replaced("a.py", [{"name": "old", "digest": "same"}])])
    commit = await store.apply([replaced("a.py", [{"name": "new", "digest": "same"}])])
    assert told(commit) == {("removed", "node:a.py:old", None), ("added", "node:a.py:new", None)}


async def test_several_candidates_for_a_move_pair_in_order(store, replaced):
    twins = [{"name": "A.x", "digest": "same"}, {"name": "B.x", "digest": "same"}]
    await store.apply([replaced("a.py", twins)])
    commit = await store.apply([FileRemoved(path="a.py"), replaced("b.py", twins)])
    assert told(commit) == {
        ("moved", "node:b.py:A.x", "node:a.py:A.x"),
        ("moved", "node:b.py:B.x", "node:a.py:B.x"),
    }


async def test_a_removed_file_leaves_nothing(store, replaced):
    await store.apply([replaced("a.py", ["f"]), replaced("b.py", ["g"])])
    commit = await store.apply([FileRemoved(path="a.py")])
    assert commit.changes == (NodeChange("removed", "node:a.py:f"),)
    assert await store.get("node:a.py:f") is None
    assert await store.get_file("a.py") is None
    assert await store.list_keys("") == ["file:b.py", "node:b.py:g"]
    assert store.reader.code_of("a.py") is None


async def test_removing_an_unknown_file_is_no_commit(store):
    assert (await store.apply([FileRemoved(path="nowhere.py")])).seq == 0


async def test_an_omitted_file_keeps_a_record_that_names_why(store, replaced):
    await store.apply([replaced("a.py", ["f"])])
    commit = await store.apply([FileOmitted(path="a.py", status="too_large", detail="3 MB", size=3_000_000)])
    assert told(commit) == {("removed", "node:a.py:f", None)}
    index = await store.get_file("a.py")
    assert (index.status, index.detail, index.size, index.version) == ("too_large", "3 MB", 3_000_000, 2)
    assert [index.path async for index in store.list_files(status="too_large")] == ["a.py"]
    assert store.reader.mentions() == []
    assert store.reader.code_of("a.py") is None


async def test_a_touched_file_changes_its_fingerprint_only(store, replaced):
    await store.apply([replaced("a.py", ["f"], digest="bytes")])
    heard = []
    store.add_listener(heard.append)
    commit = await store.apply(
        [FileTouched(path="a.py", size=100, changed_ns=9, inode=2**64 - 1, scanned_ns=11)]
    )
    assert (commit.seq, commit.files, heard) == (1, (), [])
    assert await store.fingerprints() == {"a.py": (100, 9, 2**64 - 1, "bytes", 11, "indexed")}
    assert (await store.get_file("a.py")).version == 1


async def test_what_lanes_packed_is_kept_as_it_is(store, database, replaced):
    for nodes in (["f", "g"], ["g", "h"]):
        change = replaced("a.py", nodes)
        await store.apply([change])
        with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            assert connection.execute("SELECT nodes FROM hub_nodes").get == change.packed.nodes


async def test_a_file_whose_keys_and_nodes_differ_in_number_keeps_its_old_records(store, replaced):
    await store.apply([replaced("a.py", ["f"])])
    bad = replaced("a.py", ["f", "g"])
    bad = msgspec.structs.replace(bad, packed=msgspec.structs.replace(bad.packed, suffixes=["f"]))
    commit = await store.apply([bad, replaced("b.py", ["h"])])
    assert list(commit.failed) == ["a.py"]
    assert await store.list_keys("node:") == ["node:a.py:f", "node:b.py:h"]


def mentions(store: NodeStateStore) -> dict[str, list[bytes]]:
    return {path: NAMES.decompress(names).split() for path, names, _ in store.reader.mentions()}


async def test_indexes_follow_their_file(store, replaced):
    await store.apply([replaced("a.py", ["f"]), replaced("pkg/b.py", ["f", "fg"])])
    assert mentions(store) == {"a.py": [b"f"], "pkg/b.py": [b"f", b"fg"]}
    await store.apply([replaced("pkg/b.py", ["g"])])
    assert mentions(store)["pkg/b.py"] == [b"g"]
    assert CODE.decompress(store.reader.code_of("pkg/b.py") or b"") == b"code of pkg/b.py"


async def test_nodes_named_again_have_keys_of_their_own(store, replaced):
    await store.apply([replaced("a.py", ["f", "f#2"])])
    second = await store.get("node:a.py:f#2")
    assert (second.qualname, second.ordinal, second.key) == ("f", 2, "node:a.py:f#2")


async def test_hostile_paths_come_back_as_they_went_in(store, replaced):
    paths = ["a\nb.py", 'q"uo\\te.py', "100%_.py", "a.py:b.py", "a.py", "é/\U0001f600.py", "x" * 251 + ".py"]
    await store.apply([replaced(path, ["f"]) for path in paths])
    assert sorted(await store.fingerprints()) == sorted(paths)
    for path in paths:
        assert (await store.get(f"node:{path}:f")).path == path
        assert (await store.get_file(path)).path == path


async def test_rows_of_several_files_are_read_as_keys_and_bodies(store, replaced):
    await store.apply([replaced("b.py", ["g"]), replaced("a.py", ["f", "C"])])
    rows = store.reader.rows_of(["b.py", "nowhere.py", "a.py"])
    keys = {path: [key for key, _body in of_file] for path, of_file in rows}
    assert keys.pop("nowhere.py", []) == []
    assert keys == {"b.py": ["node:b.py:g"], "a.py": ["node:a.py:f", "node:a.py:C"]}
    assert all(json.loads(body)["path"] == path for path, of_file in rows for _key, body in of_file)


async def test_nodes_are_found_by_the_last_part_of_their_name(store, replaced):
    await store.apply(
        [
            replaced("b.py", ["f", "C", "C.f", "C.f#2", "C.fg", "gf", "f.h", "ä.f"]),
            replaced("a.py", ["C.f"]),
            replaced("c.py", ["F"]),
        ]
    )
    named = [("a.py", "C.f"), ("b.py", "f"), ("b.py", "C.f"), ("b.py", "C.f#2"), ("b.py", "ä.f")]
    assert store.reader.nodes_named("f") == named
    assert store.reader.nodes_named("C.f") == [("a.py", "C.f"), ("b.py", "C.f"), ("b.py", "C.f#2")]
    for pattern in (".", "*", "?", "[f]", ""):
        assert store.reader.nodes_named(pattern) == []
    assert store.reader.nodes_named("C.f", ["b.py", "c.py"]) == [("b.py", "C.f"), ("b.py", "C.f#2")]


async def test_symbols_follow_their_file(store, replaced):
    await store.apply([replaced("b.py", ["f"]), replaced("a.py", ["f", {"name": "g", "kind": "class"}])])
    assert [row.path for row in store.reader.symbols()] == ["a.py", "b.py"]
    assert store.reader.symbols(["a.py", "none.py"]) == [("a.py", "f\ng", "10 1:4 2:4")]
    await store.apply([replaced("a.py", [{"name": "h", "name_at": None, "is_test": True}])])
    assert store.reader.symbols(["a.py"]) == [("a.py", "h", "A 1:0")]
    await store.apply([FileRemoved(path="a.py")])
    assert store.reader.symbols() == [("b.py", "f", "1 1:4")]
