"""What a batch of raw events calls for. Nothing is believed but the paths; the disk is asked."""

from __future__ import annotations

import os
import stat
from collections.abc import Container

import msgspec

from remora_hub.discovery.rules import SourceRules
from remora_hub.watch.inbox import RawEvents

#: A branch switch, a clone: past this many, looking at each path costs more than a rescan.
BURST_PATHS = 500
#: The kernel's queue holds 16,384 events (fs.inotify.max_queued_events) and drops the rest silently. A written file
#: makes four events, so a batch of half as many paths as would fill it may be the survivors.
OVERFLOW_PATHS = 2_000


class Demands(msgspec.Struct):
    """``paths``: sources to look at. ``follow``: directories to cover and rescan, each with its reason.

    ``distrusted`` are those of them whose watches may be dead. ``rules_changed``: directories whose ignore rules
    changed. ``rearm`` is the reason to watch everything anew, ``recheck`` to do so where watches may be lost; if any.
    """

    paths: set[str] = msgspec.field(default_factory=set)
    follow: dict[str, str] = msgspec.field(default_factory=dict)
    distrusted: set[str] = msgspec.field(default_factory=set)
    rules_changed: set[str] = msgspec.field(default_factory=set)
    rearm: str = ""
    recheck: str = ""


def sort_events(events: RawEvents, root: str, rules: SourceRules, covered: Container[str]) -> Demands:
    """Turn events into demands; ``covered`` are the directories that are watched. Reloads changed ignore rules."""
    demands = Demands()
    if events.lost or len(events.replaced) > OVERFLOW_PATHS:
        demands.recheck = "overflow"
        return demands
    is_burst = len(events.replaced) > BURST_PATHS
    for location, replaced in events.replaced.items():
        path = location[len(root) + 1 :]
        if path == "" and replaced:
            demands.rearm = "root changed"
        elif rules.affects_rules(path):
            _sort_rule_file(path, rules, demands)
        elif path in covered:
            _sort_covered_directory(path, replaced, rules, demands)
        elif not is_burst:
            _sort_entry(location, path, rules, demands)
    if is_burst:
        demands.follow = {"": "burst"}
    return demands


def _sort_rule_file(path: str, rules: SourceRules, demands: Demands) -> None:
    if rules.is_of_git(path):
        rules.reload("")
        demands.rearm = "ignore rules changed"
        return
    directory = path.rpartition("/")[0]
    rules.reload(directory)
    demands.rules_changed.add(directory)
    demands.follow[directory] = "ignore rules changed"


def _sort_covered_directory(path: str, replaced: bool, rules: SourceRules, demands: Demands) -> None:
    demands.follow[path] = "directory changed"
    if replaced:
        rules.reload(path)
        demands.distrusted.add(path)
        if rules.is_source(path):  # a file now, perhaps
            demands.paths.add(path)


def _sort_entry(location: str, path: str, rules: SourceRules, demands: Demands) -> None:
    is_directory = is_linked = False
    try:
        status = os.lstat(location)
    except OSError:
        pass  # gone, or out of reach: if it was a source, its reader finds out
    else:
        is_directory = stat.S_ISDIR(status.st_mode)
        is_linked = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
    if is_directory and not rules.is_ignored_directory(path):
        rules.reload(path)
        demands.follow[path] = "new directory"
    if rules.is_source(path):
        demands.paths.add(path)
        if is_linked:  # no event tells of its other names, which may be anywhere
            demands.follow[""] = "hard link"
