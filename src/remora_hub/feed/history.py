"""Changes of the past, a page at a time."""

from __future__ import annotations

import msgspec

from remora_hub.store.changes import Commit, Horizon
from remora_hub.store.node_state_store import NodeStateStore

_COMMITS_PER_READ = 32
# One commit of a cold start adds some thousand nodes: pages are bounded by what is in them, too.
_MOST_CHANGES = 20_000


class Page(msgspec.Struct, frozen=True):
    """Commits, oldest first, that follow each other without a gap; ``horizon`` instead, where the feed cannot tell."""

    commits: list[Commit]
    horizon: Horizon | None = None


async def read_page(store: NodeStateStore, since: int, limit: int) -> Page:
    """What was committed after ``since``: ``limit`` commits at most, fewer where they hold over 20,000 changes."""
    commits: list[Commit] = []
    changes = 0
    while len(commits) < limit and changes < _MOST_CHANGES:
        wanted = min(_COMMITS_PER_READ, limit - len(commits))
        found = await store.changes_since(commits[-1].seq if commits else since, wanted)
        if isinstance(found, Horizon):
            return Page([], found) if not commits else Page(commits)
        for commit in found:
            commits.append(commit)
            changes += sum(len(of_file.added) + len(of_file.others) for of_file in commit.by_file.values())
            if changes >= _MOST_CHANGES:
                break
        if len(found) < wanted:
            break
    return Page(commits)
