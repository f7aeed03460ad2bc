"""Hints that wait: merged, bounded, never dropped."""

from __future__ import annotations

from pathlib import Path

from remora_hub.discovery.rules import SourceRules
from remora_hub.watch.arming import topmost
from remora_hub.watch.hints import MAX_PENDING_PATHS, MAX_PENDING_RESCANS, PendingHints, Rescan
from remora_hub.watch.inbox import MAX_WAITING_PATHS, Inbox
from remora_hub.watch.sorting import sort_events


def test_paths_are_merged_and_taken_once() -> None:
    pending = PendingHints()
    pending.add_paths(["a.py", "b.py"])
    pending.add_paths(["b.py", "c.py"])
    assert pending.take().paths == {"a.py", "b.py", "c.py"}
    assert not pending


def test_too_many_paths_become_a_rescan_of_everything() -> None:
    pending = PendingHints()
    pending.add_paths(f"m{n}.py" for n in range(MAX_PENDING_PATHS + 1))
    hints = pending.take()
    assert hints.paths == frozenset()
    assert [rescan.directory for rescan in hints.rescan] == [""]


def test_a_rescan_covers_those_below_it_and_no_others() -> None:
    pending = PendingHints()
    for directory in ("a/b", "ab", "a/b/c", "a"):
        pending.add_rescan(Rescan(directory, "why"))
    assert [rescan.directory for rescan in pending.take().rescan] == ["ab", "a"]


def test_too_many_rescans_become_one() -> None:
    pending = PendingHints()
    for n in range(MAX_PENDING_RESCANS + 1):
        pending.add_rescan(Rescan(f"d{n}", "why"))
    assert [rescan.directory for rescan in pending.take().rescan] == [""]


def test_inbox_that_nobody_empties_is_bounded_and_tells_of_the_loss(tmp_path: Path) -> None:
    inbox = Inbox()
    assert inbox.put({(1, "/r/a.py")})
    assert not inbox.put((1, f"/r/m{n}.py") for n in range(MAX_WAITING_PATHS))
    events = inbox.take()
    assert (events.replaced, events.lost) == ({}, True)
    assert sort_events(events, "/r", SourceRules(tmp_path), {}).recheck == "overflow"


def test_topmost_directories_cover_the_rest() -> None:
    assert topmost(["a/b", "a-b", "a", "a/b/c", "b/c"]) == ["a", "a-b", "b/c"]
    assert topmost(["b", "", "a"]) == [""]
