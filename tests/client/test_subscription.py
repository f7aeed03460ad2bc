from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client import Changed, Client, Rescan, connect, connect_async
from remora_hub.errors import NotRunningError

Hub = Any  # conftest's
LONGEST_S = 60.0


def commit(seq: int, index_id: str = "i") -> dict[str, Any]:
    change = {"kind": "changed", "key": f"node:a.py:f{seq}"}
    return {"seq": seq, "at": 1.0, "files": ["a.py"], "changes": [change], "index_id": index_id}


def fresh(sequence: int, index_id: str = "i") -> dict[str, Any]:
    return {"index_id": index_id, "sequence": sequence, "pending": 0}


class Feed:
    """A feed of numbered commits behind ``oldest``, as a hub would page and announce it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.index_id = "i"
        self.oldest = 0
        self.sequence = 7
        self.most = 1000
        hub.handlers["hub/subscribe"] = lambda _: fresh(self.sequence, self.index_id)
        hub.handlers["hub/changes"] = self.changes

    def changes(self, params: dict[str, Any]) -> dict[str, Any]:
        now = fresh(self.sequence, self.index_id)
        if params["index_id"] not in (None, self.index_id) or params["since"] < self.oldest:
            horizon = {"oldest": self.oldest, "sequence": self.sequence}
            return {"commits": [], "more": False, "rescan": horizon, **now}
        numbers = range(params["since"] + 1, self.sequence + 1)[: self.most]
        commits = [commit(number) for number in numbers]
        more = bool(numbers) and numbers[-1] < self.sequence
        return {"commits": commits, "more": more, "rescan": None, **now}

    def announce(self, seq: int) -> None:
        self.sequence = seq
        self.hub.notify("hub/changed", commit(seq, self.index_id))


@pytest.fixture
def feed(hub: Hub) -> Feed:
    return Feed(hub)


@pytest.fixture
def client(hub: Hub) -> Iterator[Client]:
    with connect(hub.paths.root) as made:
        yield made


def numbers(events: Any, count: int) -> list[int]:
    found = [events.wait(LONGEST_S) for _ in range(count)]
    assert all(isinstance(event, Changed) for event in found)
    return [event.seq for event in found]


def test_commits_from_now_on_are_told_in_order(feed: Feed, client: Client) -> None:
    with client.subscribe() as events:
        feed.announce(8)
        feed.announce(9)
        first = next(events)
        assert isinstance(first, Changed)
        assert (first.seq, first.changes[0].key, first.index_id) == (8, "node:a.py:f8", "i")
        assert numbers(events, 1) == [9]
        assert events.wait(0.01) is None


def test_commits_since_a_number_come_first_page_by_page_and_none_twice(feed: Feed, client: Client) -> None:
    feed.most = 2
    with client.subscribe(since=2, index_id="i") as events:
        feed.announce(7)
        feed.announce(8)
        assert numbers(events, 6) == [3, 4, 5, 6, 7, 8]


def test_what_a_slow_client_missed_is_asked_for(feed: Feed, client: Client) -> None:
    with client.subscribe() as events:
        feed.announce(8)
        feed.sequence = 11
        feed.hub.notify("hub/rescan", {"since": 8, "index_id": "i"})
        feed.announce(12)
        assert numbers(events, 5) == [8, 9, 10, 11, 12]


def test_what_the_feed_no_longer_knows_is_a_rescan(feed: Feed, client: Client) -> None:
    feed.oldest = 5
    with client.subscribe(since=2) as events:
        assert next(events) == Rescan(sequence=7, index_id="i")
        feed.announce(8)
        assert numbers(events, 1) == [8]


def test_an_index_made_anew_is_a_rescan_and_its_changes_follow(feed: Feed, client: Client) -> None:
    with client.subscribe() as events:
        feed.index_id, feed.sequence = "j", 3
        feed.hub.notify("hub/changed", commit(9))
        feed.hub.notify("hub/closed", {"index_id": "i"})
        assert numbers(events, 1) == [9], "of the index that was closed"
        assert events.wait(LONGEST_S) == Rescan(sequence=3, index_id="j")
        feed.announce(4)
        assert numbers(events, 1) == [4]


def test_an_index_opened_again_is_gone_on_with(feed: Feed, client: Client) -> None:
    with client.subscribe() as events:
        feed.sequence = 8
        feed.hub.notify("hub/closed", {"index_id": "i"})
        assert numbers(events, 1) == [8]


def test_a_daemon_that_goes_ends_the_subscription_with_an_error(feed: Feed, client: Client) -> None:
    with client.subscribe() as events:
        feed.hub.hang_up()
        with pytest.raises(NotRunningError):
            next(events)


def test_a_subscription_that_is_closed_ends(feed: Feed, client: Client) -> None:
    with ThreadPoolExecutor(1) as thread, client.subscribe() as events:
        waiting = thread.submit(list, events)
        feed.announce(8)
        events.close()
        assert len(waiting.result(LONGEST_S)) <= 1


async def test_a_task_that_follows_is_told_when_the_subscription_is_closed(feed: Feed) -> None:
    async with await connect_async(feed.hub.paths.root) as client, await client.subscribe() as events:
        waiting = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        await events.close()
        assert await waiting is None


def test_without_a_daemon_there_is_nothing_to_subscribe_to(project: Path) -> None:
    with connect(project) as client, pytest.raises(NotRunningError):
        client.subscribe()


async def test_tasks_follow_the_feed_beside_their_questions(feed: Feed) -> None:
    feed.hub.handlers["hub/sync"] = lambda _: fresh(9)
    async with await connect_async(feed.hub.paths.root) as client, await client.subscribe(since=5) as events:
        feed.announce(8)
        found = [(await anext(events)).seq for _ in range(3)]  # type: ignore[union-attr]
        assert found == [6, 7, 8]
        assert (await client.sync()).sequence == 9
        feed.hub.hang_up()
        with pytest.raises(NotRunningError):
            await anext(events)


async def test_a_task_that_does_not_fetch_holds_back_no_question(feed: Feed) -> None:
    feed.hub.handlers["hub/sync"] = lambda _: fresh(9)
    async with await connect_async(feed.hub.paths.root) as client, await client.subscribe() as events:
        for seq in range(8, 1508):
            await asyncio.to_thread(feed.announce, seq)
        assert (await client.sync()).sequence == 9
        assert [(await anext(events)).seq for _ in range(1500)] == list(range(8, 1508))  # type: ignore[union-attr]


def test_a_real_daemon_tells_what_a_save_changed(project: Path) -> None:
    with connect(project, start=True) as client:
        reached = client.sync()
        with client.subscribe(since=reached.sequence, index_id=reached.index_id) as events:
            (project / "unfinished").write_text("def round_thing(): ...\n")
            (project / "unfinished").replace(
                project / "shapes.py"
            )  # in one step: half of it would be a change, too
            event = events.wait(LONGEST_S)
            assert isinstance(event, Changed)
            assert event.files == ["shapes.py"]
            assert ("added", "node:shapes.py:round_thing") in [(c.kind, c.key) for c in event.changes]
