"""Live subscriptions. A subscriber that is too slow is told where to catch up from instead of being sent a gap."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from remora_hub.store.changes import Commit
from remora_hub.store.node_state_store import NodeStateStore


class Missed(msgspec.Struct, frozen=True):
    """Commits were dropped for this subscriber: everything after ``since`` has to be asked for, or rescanned."""

    since: int


class Subscription:
    """An asynchronous iterator of the commits after ``sequence``, in order, none left out. Close it when done.

    It ends when it or the feed is closed.
    """

    def __init__(self, feed: Feed, size: int, sequence: int) -> None:
        self.sequence = sequence
        self._feed = feed
        self._size = size
        self._fetched = sequence
        self._commits: deque[Commit] = deque()
        self._missed: Missed | None = None
        self._arrived = asyncio.Event()
        self._is_closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Commit | Missed:
        """The next commit, or where a gap begins."""
        while not self._commits and self._missed is None:
            if self._is_closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        if self._missed is not None:
            missed, self._missed = self._missed, None
            return missed
        commit = self._commits.popleft()
        self._fetched = commit.seq
        return commit

    def close(self) -> None:
        """Stop; what has not been fetched is dropped."""
        self._feed.forget(self)
        self._is_closed = True
        self._commits.clear()
        self._missed = None
        self._arrived.set()

    def push(self, commit: Commit) -> None:
        """Called by the feed. A full buffer is emptied: from then on the subscriber has to catch up by itself."""
        if commit.seq <= self._fetched:
            return  # committed before, announced after the subscription
        if len(self._commits) >= self._size:
            self._commits.clear()
            self._missed = Missed(self._fetched)
        if self._missed is None:
            self._commits.append(commit)
        else:
            self._fetched = commit.seq
        self._arrived.set()


class Feed:
    """Distributes the commits of one store to subscribers on the event loop it was made on.

    ``buffer_commits`` are kept for each subscriber to come; it may be set.
    """

    def __init__(self, store: NodeStateStore, buffer_commits: int) -> None:
        self._store = store
        self.buffer_commits = buffer_commits
        self._subscriptions: set[Subscription] = set()
        self._loop = asyncio.get_running_loop()
        store.add_listener(self._on_commit)

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def subscribe(self) -> Subscription:
        """Begin to receive commits, from the next one on."""
        subscription = Subscription(self, self.buffer_commits, self._store.sequence())
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Called by a subscription that is closed."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def _on_commit(self, commit: Commit) -> None:
        """In the writer's thread. The sequence number was set before: who subscribes now begins behind this commit."""
        if self._subscriptions and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._publish, msgspec.structs.replace(commit, written={}, former_names={})
            )

    def _publish(self, commit: Commit) -> None:
        for subscription in self._subscriptions:
            subscription.push(commit)
