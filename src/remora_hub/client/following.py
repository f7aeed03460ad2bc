"""The course of a subscription, apart from how its messages travel: one description for both kinds of client."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal

import msgspec

from remora_hub.client import requests
from remora_hub.client.requests import Request
from remora_hub.client.results import Changed, Changes, Fresh, Rescan
from remora_hub.wire import Incoming

Event = Changed | Rescan

Step = Event | Request[Changes] | Literal["subscribe", "next"]
"""What is to be done: hand an event on; ask for changes and send them back in; subscribe (again) and send in the
``Fresh``; wait for the next notification and send that in."""

Course = Generator[Step, Any, None]

_PAGE_COMMITS = 1000


def follow(since: int | None, index_id: str | None) -> Course:
    """Every change behind commit ``since`` of index ``index_id`` (None: from now on), in order, none twice.

    Begins with ``subscribe``. Ends by what a step raises.
    """
    fresh: Fresh = yield "subscribe"
    reached, known = fresh.sequence, fresh.index_id
    if since is not None:
        reached, known = yield from _catch_up(since, index_id or known)
    while True:
        message: Incoming = yield "next"
        if message.method == "hub/changed":
            changed = msgspec.json.decode(message.params, type=Changed)
            if changed.index_id == known and changed.seq > reached:
                reached = changed.seq
                yield changed
        elif message.method == "hub/rescan":  # this client was too slow for the feed
            reached, known = yield from _catch_up(reached, known)
        elif message.method == "hub/closed":  # the index is made anew, or opened again
            yield "subscribe"
            reached, known = yield from _catch_up(reached, known)


def _catch_up(reached: int, index_id: str) -> Generator[Step, Any, tuple[int, str]]:
    """Ask for what the feed has behind ``reached``; the new position."""
    while True:
        page: Changes = yield requests.changes(reached, index_id, _PAGE_COMMITS)
        if page.rescan is not None:
            reached, index_id = page.rescan.sequence, page.index_id
            yield Rescan(sequence=reached, index_id=index_id)
            return reached, index_id
        for commit in page.commits:
            reached = commit.seq
            yield Changed(commit.seq, commit.at, commit.files, commit.changes, index_id=page.index_id)
        if not page.more:
            return reached, page.index_id
