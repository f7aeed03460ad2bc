from __future__ import annotations

import msgspec

from remora_hub.store import FileOmitted, FileRemoved, Horizon, NodeStateStore
from remora_hub.store.changes import Written


async def test_the_feed_tells_what_the_commits_told(store, replaced):
    commits = [
        await store.apply([replaced("a.py", ["f", "g"])]),
        await store.apply([replaced("a.py", [{"name": "f", "digest": "x"}]), replaced("b.py", ["g"])]),
        await store.apply([FileRemoved(path="b.py")]),
    ]
    assert await store.changes_since(0) == commits
    assert await store.changes_since(1, limit=1) == commits[1:2]
    assert await store.changes_since(3) == []


async def test_numbers_have_no_gaps_and_survive_reopening(database, replaced):
    for expected in (1, 2, 3):
        async with await NodeStateStore.open(database, extractor_version=1) as store:
            assert (await store.apply([replaced("a.py", [f"f{expected}"])])).seq == expected
            assert store.sequence() == expected == store.reader.sequence()


async def test_beyond_its_retention_the_feed_names_its_horizon(database, replaced):
    async with await NodeStateStore.open(database, extractor_version=1, feed_retention_commits=3) as store:
        for number in range(5):
            await store.apply([replaced("a.py", [f"f{number}"])])
        assert await store.changes_since(1) == Horizon(oldest=2, sequence=5)
        assert [commit.seq for commit in await store.changes_since(2)] == [3, 4, 5]
        stats = await store.stats()
        assert (stats.oldest_sequence, stats.sequence) == (2, 5)


async def test_a_number_from_the_future_is_another_indexs(store, replaced):
    await store.apply([replaced("a.py", ["f"])])
    assert await store.changes_since(7) == Horizon(oldest=0, sequence=1)


async def test_listeners_hear_each_commit_before_its_caller(store, replaced):
    heard = []
    store.add_listener(heard.append)
    change = replaced("a.py", ["f"])
    commit = await store.apply([change])
    assert heard == [msgspec.structs.replace(commit, written={"a.py": Written(change.digest, change.packed)})]


async def test_listeners_hear_what_was_written_of_each_file(store, replaced):
    heard = []
    first, second = replaced("a.py", ["f"]), replaced("b.py", ["g"])
    await store.apply([first, second])
    store.add_listener(heard.append)
    changed = replaced("a.py", ["f", "g"])
    await store.apply([changed, FileRemoved(path="b.py"), FileOmitted(path="c.py", status="too_large")])
    assert heard[0].written == {"a.py": Written(changed.digest, changed.packed), "b.py": None, "c.py": None}
    assert (await store.apply([changed])).written == {}
    assert len(heard) == 1


async def test_a_failing_listener_stops_neither_the_writer_nor_the_others(store, replaced, caplog):
    heard = []

    def fail(_commit):
        raise LookupError("listener")

    store.add_listener(fail)
    store.add_listener(heard.append)
    await store.apply([replaced("a.py", ["f"])])
    await store.apply([replaced("a.py", ["g"])])
    assert [commit.seq for commit in heard] == [1, 2]
    assert "store.listener_failed" in caplog.text
