from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from remora_hub.feed.feed import Feed, Missed
from remora_hub.feed.history import read_page
from remora_hub.query.run_counts import counts_since
from remora_hub.store import Commit, FileOmitted, FileRemoved, NodeStateStore

Save = Callable[..., Awaitable[int]]


async def test_a_subscriber_receives_every_commit_in_order(store: NodeStateStore, save: Save) -> None:
    feed = Feed(store, 100)
    subscription = feed.subscribe()
    saved = [await save({f"m{i}.py": "a = 1\n"}) for i in range(20)]
    received = []
    async for event in subscription:
        assert isinstance(event, Commit)
        received.append(event.seq)
        if len(received) == len(saved):
            break
    assert received == saved


async def test_a_slow_subscriber_is_told_where_to_catch_up_and_misses_nothing(
    store: NodeStateStore, save: Save
) -> None:
    feed = Feed(store, 3)
    subscription = feed.subscribe()
    saved = [await save({f"m{i}.py": "a = 1\n"}) for i in range(10)]
    await asyncio.sleep(0)  # what the writer announced is published
    missed = await anext(subscription)
    assert isinstance(missed, Missed)
    page = await read_page(store, missed.since, 100)
    caught_up = [commit.seq for commit in page.commits]
    assert caught_up == saved
    after = await save({"later.py": "a = 1\n"})
    event = await anext(subscription)
    assert isinstance(event, Commit)
    assert event.seq == after


async def test_a_subscription_begins_behind_its_sequence(store: NodeStateStore, save: Save) -> None:
    feed = Feed(store, 100)
    others = feed.subscribe()
    # Committed, and the announcement still on its way to the event loop.
    commit = store._own_writer().submit([FileRemoved(path="none.py")]).result(10)
    sequence = await save({"a.py": "a = 1\n"})
    late = feed.subscribe()
    assert late.sequence == sequence >= commit.seq
    following = await save({"b.py": "a = 1\n"})
    event = await anext(late)
    assert isinstance(event, Commit)
    assert event.seq == following
    others.close()


async def test_what_waits_for_a_subscriber_holds_no_facts(store: NodeStateStore, save: Save) -> None:
    feed = Feed(store, 100)
    await save({"a.py": "a = 1\n"})
    subscription = feed.subscribe()
    await save({"a.py": "b = 1\n"})
    event = await anext(subscription)
    assert isinstance(event, Commit)
    assert (event.files, event.written, event.former_names) == (("a.py",), {}, {})
    subscription.close()


async def test_closing_the_feed_ends_every_subscription(store: NodeStateStore) -> None:
    feed = Feed(store, 3)
    subscriptions = [feed.subscribe() for _ in range(3)]
    waiting = [asyncio.create_task(anext(subscription, None)) for subscription in subscriptions]
    await asyncio.sleep(0)
    feed.close()
    assert await asyncio.gather(*waiting) == [None, None, None]
    assert feed.subscribers == 0


async def test_pages_follow_each_other_without_a_gap(store: NodeStateStore, save: Save) -> None:
    saved = [await save({f"m{i}.py": "a = 1\n"}) for i in range(70)]
    read: list[int] = []
    while page := (await read_page(store, read[-1] if read else 0, 40)).commits:
        read += [commit.seq for commit in page]
    assert read == saved


async def test_a_page_ends_early_where_commits_hold_much(store: NodeStateStore, save: Save) -> None:
    source = "".join(f"a{i} = 1\n" for i in range(11_000))
    saved = [await save({f"m{i}.py": source}) for i in range(3)]
    page = await read_page(store, 0, 1000)
    assert [commit.seq for commit in page.commits] == saved[:2]


async def test_a_number_from_the_future_has_a_horizon(store: NodeStateStore, save: Save) -> None:
    sequence = await save({"a.py": "a = 1\n"})
    page = await read_page(store, sequence + 1, 10)
    assert page.commits == []
    assert page.horizon is not None
    assert page.horizon.sequence == sequence


async def test_counts_tell_what_became_of_files_since_a_number(store: NodeStateStore, save: Save) -> None:
    since = await save({"same.py": "a = 1\n", "changed.py": "a = 1\n", "gone.py": "a = 1\n"})
    await save({"changed.py": "b = 2\n"})
    await save({"changed.py": "b = 3\n", "new.py": "a = 1\n"})
    await store.apply([FileRemoved(path="gone.py"), FileOmitted(path="big.py", status="too_large")])
    counts = await counts_since(store, since)
    assert (counts.files, counts.indexed, counts.unchanged, counts.removed, counts.failed) == (4, 2, 1, 1, 1)
    assert counts.nodes == 6
    nothing_since = await counts_since(store, store.sequence())
    assert (nothing_since.indexed, nothing_since.unchanged, nothing_since.failed) == (0, 3, 1)
