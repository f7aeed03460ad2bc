from __future__ import annotations

import json

import apsw
import pytest
from agentfs_sdk import AgentFS, AgentFSOptions

from remora_hub.errors import StoreError
from remora_hub.model import FileIndex, HubStatus, NodeState
from remora_hub.store import FileOmitted


async def fill(store, replaced):
    await store.apply(
        [replaced("pkg/a.py", ["f", "C", {"name": "C.m", "signature": "(self)", "docstring": 'é "q"'}])]
    )
    await store.apply(
        [replaced("pkg/a.py", ["f", "C", {"name": "C.m", "signature": "(self, x)", "docstring": 'é "q"'}])]
    )
    await store.apply(
        [replaced("100%_\n.py", ["g"]), FileOmitted(path="big.py", status="too_large", detail="9 MB")]
    )
    await store.set_hub_status(HubStatus(root="/r", hub_version="1", state="ready"))


async def test_the_agentfs_sdk_reads_every_record(store, replaced, tmp_path):
    await fill(store, replaced)
    count = await store.snapshot(tmp_path / "copy.db")
    keys = await store.list_keys("")
    assert len(keys) == count
    agent = await AgentFS.open(AgentFSOptions(path=str(tmp_path / "copy.db")))
    async with agent:
        listed = {
            item["key"]: item["value"]
            for prefix in ("node:", "file:", "hub:")
            for item in await agent.kv.list(prefix)
        }
        assert sorted(listed) == keys
        for key in keys:
            assert listed[key] == await agent.kv.get(key) == json.loads(store.reader.record(key))
        for item in await agent.kv.list("node:"):
            assert NodeState.model_validate(item["value"]) == await store.get(item["key"])
        for item in await agent.kv.list("file:"):
            assert FileIndex.model_validate(item["value"]) == await store.get_file(item["value"]["path"])
        for record in listed.values():
            assert {"version", "created_at", "updated_at"} <= record.keys()
        assert listed["node:pkg/a.py:C.m"]["docstring_outdated"] is True


async def test_the_agentfs_sdk_writes_to_a_snapshot(store, replaced, tmp_path):
    await fill(store, replaced)
    await store.snapshot(tmp_path / "written.db")
    async with await AgentFS.open(AgentFSOptions(path=str(tmp_path / "written.db"))) as agent:
        await agent.kv.set("node:pkg/a.py:f", {"mine": 1})
        await agent.kv.set("mine", [1])
        await agent.kv.delete("hub:status")
        await agent.fs.write_file("/note.txt", "hello")
        assert await agent.kv.get("node:pkg/a.py:f") == {"mine": 1}
        assert await agent.kv.get("hub:status") is None
        assert await agent.fs.read_file("/note.txt") == "hello"


async def test_an_older_snapshot_is_replaced_whole_with_what_its_clients_left(store, replaced, tmp_path):
    target = tmp_path / "copy.db"
    await fill(store, replaced)
    await store.snapshot(target)
    target.with_name("copy.db-wal").write_bytes(b"the log of a client of the old copy")
    await store.apply([replaced("new.py", ["n"])])
    await store.snapshot(target)
    assert sorted(path.name for path in tmp_path.glob("copy.db*")) == ["copy.db"]
    copy = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READONLY)
    assert copy.execute("SELECT count(*) FROM kv_store WHERE key = 'node:new.py:n'").get == 1
    assert copy.pragma("integrity_check") == "ok"
    copy.close()


@pytest.mark.parametrize("content", [b"precious", b""])
async def test_any_other_file_is_overwritten_only_by_force(store, tmp_path, content):
    target = tmp_path / "notes.txt"
    target.write_bytes(content)
    with pytest.raises(StoreError, match="another file"):
        await store.snapshot(target)
    assert target.read_bytes() == content
    await store.snapshot(target, force=True)
    assert target.read_bytes().startswith(b"SQLite format 3")


async def test_a_snapshot_that_fails_leaves_nothing(store, tmp_path):
    with pytest.raises(StoreError):
        await store.snapshot(tmp_path / "nowhere" / "copy.db")
    (tmp_path / "directory").mkdir()
    with pytest.raises(StoreError):
        await store.snapshot(tmp_path / "directory", force=True)
    assert not list(tmp_path.glob("*.partial"))
