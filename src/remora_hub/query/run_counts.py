"""What bringing the index up to date came to, in numbers: the object ``remora-hub index`` prints."""

from __future__ import annotations

import msgspec

from remora_hub.store.changes import Horizon
from remora_hub.store.maintenance import StoreStats
from remora_hub.store.node_state_store import NodeStateStore


class RunCounts(msgspec.Struct, frozen=True):
    """Files of the root: ``files`` = ``indexed`` + ``unchanged`` + ``failed``; ``removed`` ones are gone.

    ``indexed`` were read into the index by this run. ``failed`` have a status other than ``indexed``, be it from this
    run or an earlier one. ``nodes`` is how many the index holds.
    """

    files: int
    indexed: int
    unchanged: int
    removed: int
    failed: int
    nodes: int


def run_counts(stats: StoreStats, *, indexed: int, removed: int) -> RunCounts:
    """The counts of a run that indexed and removed so many files and left the store at ``stats``."""
    failed = stats.files - stats.files_by_status.get("indexed", 0)
    return RunCounts(
        stats.files, indexed, max(0, stats.files - indexed - failed), removed, failed, stats.nodes
    )


async def counts_since(store: NodeStateStore, since: int) -> RunCounts:
    """The counts of all that happened after the sequence number ``since``, whoever caused it.

    Where the feed does not reach back so far, every file counts as indexed.
    """
    changed: set[str] = set()
    while True:
        commits = await store.changes_since(since)
        if isinstance(commits, Horizon):
            stats = await store.stats()
            return run_counts(stats, indexed=stats.files_by_status.get("indexed", 0), removed=0)
        if not commits:
            break
        changed.update(path for commit in commits for path in commit.files)
        since = commits[-1].seq
    known = await store.fingerprints()
    indexed = sum(path in known and known[path].status == "indexed" for path in changed)
    return run_counts(await store.stats(), indexed=indexed, removed=len(changed - known.keys()))
