from __future__ import annotations

import asyncio
import threading

import apsw
import pytest

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.facts import pack_nodes
from remora_hub.store import FileOmitted, FileRemoved, NodeStateStore


async def test_what_is_no_longer_current_is_discarded_and_named(store, replaced):
    await store.apply([replaced("a.py", ["old"])])
    commit = await store.apply(
        [
            replaced("a.py", ["new"], still_current=lambda: False),
            replaced("b.py", ["f"], still_current=lambda: True),
        ]
    )
    assert (commit.discarded, commit.files) == (("a.py",), ("b.py",))
    assert await store.list_keys("node:") == ["node:a.py:old", "node:b.py:f"]


@pytest.mark.parametrize(
    ("path", "nodes"),
    [("bad-\udcff.py", ["f"]), ("bad.py", ["f", "f"]), ("bad.py", ["f:g"])],
    ids=["undecodable path", "key repeats", "colon in suffix"],
)
async def test_a_file_that_cannot_be_stored_does_not_keep_others_out(store, replaced, path, nodes):
    commit = await store.apply([replaced("a.py", ["f"]), replaced(path, nodes), replaced("z.py", ["g"])])
    assert list(commit.failed) == [path]
    assert isinstance(commit.failed[path], StoreError)
    assert commit.files == ("a.py", "z.py")
    assert await store.list_keys("node:") == ["node:a.py:f", "node:z.py:g"]
    assert sorted(await store.fingerprints()) == ["a.py", "z.py"]
    assert await store.integrity_check() == []


async def test_what_fails_leaves_nothing_behind_in_the_rows_of_others(store, replaced):
    before = [replaced(f"{letter}.py", ["old"]) for letter in "abc"]
    await store.apply(before)
    commit = await store.apply([replaced("b.py", ["f", "f"]), replaced("c.py", ["new"])])
    assert list(commit.failed) == ["b.py"]
    assert await store.list_keys("node:") == ["node:a.py:old", "node:b.py:old", "node:c.py:new"]
    assert (await store.fingerprints())["b.py"].digest == before[1].digest
    assert await store.integrity_check() == []


async def test_a_file_that_fails_midway_keeps_its_old_records(store, replaced):
    await store.apply([replaced("a.py", ["old"])])

    def broken():
        raise LookupError("asked too late")

    commit = await store.apply([replaced("a.py", ["new"], still_current=broken), replaced("b.py", ["f"])])
    assert "asked too late" in str(commit.failed["a.py"])
    assert await store.list_keys("node:") == ["node:a.py:old", "node:b.py:f"]


async def test_one_write_may_not_change_a_path_twice(store, replaced):
    with pytest.raises(ValueError, match="only once"):
        await store.apply([replaced("a.py", ["f"]), FileRemoved(path="a.py")])


async def test_what_waits_is_committed_together_in_the_order_asked(store, replaced):
    writer_is_held, release = threading.Event(), threading.Event()

    def hold():
        writer_is_held.set()
        return release.wait(30)

    first = asyncio.create_task(store.apply([replaced("a.py", ["f"], still_current=hold)]))
    await asyncio.to_thread(writer_is_held.wait, 30)
    others = [asyncio.create_task(store.apply([replaced(f"b{n}.py", ["f"])])) for n in range(20)]
    again = asyncio.create_task(store.apply([replaced("b0.py", ["g"])]))
    await asyncio.sleep(0)  # the tasks have run up to their wait
    release.set()
    await first
    seqs = {commit.seq for commit in await asyncio.gather(*others)}
    assert len(seqs) < 20
    assert (await again).seq > max(seqs)
    assert await store.list_keys("node:b0.py:") == ["node:b0.py:g"]


async def test_a_group_holds_no_more_files_than_allowed(database, replaced):
    async with await NodeStateStore.open(
        database, extractor_version=1, batch_files=5, batch_ms=60_000
    ) as store:
        commits = await asyncio.gather(*(store.apply([replaced(f"b{n}.py", ["f"])]) for n in range(40)))
        sizes = {commit.seq: len(commit.files) for commit in commits}
        assert max(sizes.values()) <= 5
        assert sum(sizes.values()) == 40


async def test_a_cancelled_write_is_not_written(store, replaced):
    writer_is_held, release = threading.Event(), threading.Event()

    def hold():
        writer_is_held.set()
        return release.wait(30)

    first = asyncio.create_task(store.apply([replaced("a.py", ["f"], still_current=hold)]))
    await asyncio.to_thread(writer_is_held.wait, 30)
    cancelled = asyncio.create_task(store.apply([replaced("b.py", ["f"])]))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    release.set()
    await first
    await store.apply([replaced("c.py", ["f"])])
    assert sorted(await store.fingerprints()) == ["a.py", "c.py"]


async def test_closing_writes_what_is_queued_and_may_be_repeated(database, replaced):
    store = await NodeStateStore.open(database, extractor_version=1)
    writes = [asyncio.create_task(store.apply([replaced(f"b{n}.py", ["f"])])) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    await asyncio.gather(*writes)
    with pytest.raises(StoreError, match="closed"):
        await store.apply([replaced("late.py", ["f"])])
    with pytest.raises(StoreError, match="closed"):
        await store.get("node:a.py:f")
    async with await NodeStateStore.open(database, extractor_version=1) as reopened:
        assert len(await reopened.fingerprints()) == 50


async def test_a_lock_held_elsewhere_is_recoverable_and_nothing_is_lost(database, replaced):
    async with await NodeStateStore.open(database, extractor_version=1, busy_timeout_ms=50) as store:
        await store.apply([replaced("a.py", ["f"])])
        other = apsw.Connection(str(database))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            await store.apply([replaced("b.py", ["f"])])
        assert caught.value.recoverable
        assert await store.get("node:a.py:f") is not None
        other.close()
        assert (await store.apply([replaced("b.py", ["f"])])).seq == 2


async def test_a_full_disk_is_recoverable_and_old_data_is_served(store, replaced):
    await store.apply([replaced("a.py", ["f"])])
    pages = await asyncio.wrap_future(store._writer.maintain(lambda c: c.pragma("page_count")))
    await asyncio.wrap_future(store._writer.maintain(lambda c: c.pragma("max_page_count", pages)))
    big = [{"name": f"g{n}", "digest": f"{n * 7919**9:x}"} for n in range(5000)]
    with pytest.raises(StoreError, match="disk is full") as caught:
        await store.apply([replaced("b.py", big)])
    assert caught.value.recoverable
    assert await store.get("node:a.py:f") is not None
    await asyncio.wrap_future(store._writer.maintain(lambda c: c.pragma("max_page_count", 1_000_000)))
    commit = await store.apply([replaced("b.py", big)])
    assert (commit.seq, len(commit.changes)) == (2, 5000)
    assert await store.integrity_check() == []


@pytest.mark.parametrize("replacement", [None, b""], ids=["deleted", "replaced"])
async def test_a_file_swapped_under_the_writer_is_noticed(store, database, replaced, replacement):
    await store.apply([replaced("a.py", ["f"])])
    database.rename(database.with_name("gone.db"))
    if replacement is not None:
        database.write_bytes(replacement)
    with pytest.raises(CorruptStoreError, match="deleted or replaced"):
        await store.apply([replaced("b.py", ["f"])])


async def test_a_reader_that_stays_cannot_make_the_log_grow_without_bound(database, replaced, monkeypatch):
    monkeypatch.setattr("remora_hub.store.writer.WAL_LIMIT_BYTES", 1_000_000)
    async with await NodeStateStore.open(database, extractor_version=1, busy_timeout_ms=1) as store:
        await store.apply([replaced("a.py", ["f"])])
        stuck = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        stuck.execute("BEGIN")
        stuck.execute("SELECT count(*) FROM kv_store").fetchall()

        async def save_on_and_on():
            for number in range(500):
                await store.apply([replaced("a.py", [f"f{number}"])])

        with pytest.raises(StoreError, match="write-ahead log") as caught:
            await save_on_and_on()
        assert caught.value.recoverable
        assert (await store.stats()).wal_bytes < 1_200_000
        assert await store.get_by_file("a.py")
        stuck.close()
        await store.apply([replaced("a.py", ["free"])])
        assert (await store.stats()).wal_bytes < 200_000


async def test_statistics_are_those_of_now_behind_whatever_was_written(store, replaced, database):
    writes = [
        lambda: store.apply([replaced("a.py", ["f"]), replaced("b.py", ["g", "h"])]),
        lambda: store.apply([FileRemoved(path="a.py")]),
        lambda: store.apply([FileOmitted(path="b.py", status="too_large")]),
        store.gc,
    ]
    seen = []
    for write in writes:
        await asyncio.gather(store.stats(), write(), store.stats())
        stats = await store.stats()
        assert stats == store.reader.stats()
        seen.append((stats.nodes, stats.files_by_status, stats.sequence))
    assert seen == [
        (3, {"indexed": 2}, 1),
        (2, {"indexed": 1}, 2),
        (0, {"too_large": 1}, 3),
        (0, {"too_large": 1}, 3),
    ]


async def test_a_record_that_is_no_json_is_found_by_the_check_of_everything(store, replaced):
    change = replaced("a.py", ["f"])
    await store.apply([change])
    broken = pack_nodes(b'{"kind":"function"\n')
    await asyncio.wrap_future(
        store._writer.maintain(lambda c: c.execute("UPDATE hub_nodes SET nodes = ?", (broken,)))
    )
    [found] = await store.integrity_check()
    assert found.startswith("a record of a.py: ")


async def test_collecting_hands_free_space_back(store, replaced):
    nodes = [{"name": f"g{n}", "digest": f"{n * 7919**9:x}"} for n in range(3000)]
    await store.apply([replaced(f"b{n}.py", nodes) for n in range(10)])
    await store.apply([FileRemoved(path=f"b{n}.py") for n in range(10)])
    before = await store.stats()
    collected = await store.gc()
    after = await store.stats()
    assert collected.freed_bytes > 0
    assert after.database_bytes == before.database_bytes - collected.freed_bytes
    assert await store.integrity_check() == []


async def test_collecting_removes_what_no_file_refers_to(store, replaced):
    await store.apply([replaced("a.py", ["f"]), replaced("b.py", ["g"])])
    await asyncio.wrap_future(
        store._writer.maintain(lambda c: c.execute("DELETE FROM hub_file WHERE path = 'a.py'"))
    )
    collected = await store.gc()
    assert (collected.facts, collected.records) == (5, 0)
    assert await store.list_keys("") == ["file:b.py", "node:b.py:g"]
