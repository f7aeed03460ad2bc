"""How the hub stands, as plain values for ``hub/status``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from remora_hub.daemon.session import Session
from remora_hub.errors import HubError

_MOST_SUSPECTS_SHOWN = 20


class Problem(msgspec.Struct, frozen=True):
    """What keeps a part of the hub from doing its work, and what a person can do about it."""

    part: str
    problem: str
    remedy: str


def hub_state(session: Session | None) -> str:
    """``starting``, ``indexing``, ``ready``, or ``degraded`` while something keeps the index from being true."""
    if session is None:
        return "starting"
    if problems(session):
        return "degraded"
    return "ready" if session.is_ready.is_set() else "indexing"


def problems(session: Session) -> list[Problem]:
    """What keeps the hub from doing its work right now, each with its remedy."""
    found = []
    for part, trouble in (("store", session.committer.trouble), ("index", session.indexer.trouble)):
        if trouble is not None:
            text = trouble.problem if isinstance(trouble, HubError) else str(trouble)
            remedy = trouble.hint if isinstance(trouble, HubError) else ""
            found.append(Problem(part, text, remedy or "free memory, processes or descriptors"))
    watch = session.watcher.state
    if watch.name in ("degraded", "root missing"):
        found.append(Problem("watch", f"{watch.name}: {watch.detail}", watch.remedy))
    elif session.reconciler.problem:
        found.append(Problem("reconcile", session.reconciler.problem, "bring the root back"))
    return found


def one_line(found: Sequence[Problem]) -> str:
    """The problems and their remedies, short; "" for none."""
    return "; ".join(f"{one.part}: {one.problem} ({one.remedy})" for one in found)


async def session_status(session: Session) -> dict[str, Any]:
    """Counts of everything that has a bound, a backlog or a failure."""
    stats = await session.store.stats()
    progress = session.cold_start.progress
    watch = session.watcher
    omitted = {status: count for status, count in stats.files_by_status.items() if status != "indexed"}
    return {
        "files": stats.files,
        "nodes": stats.nodes,
        "omitted": omitted,
        "index_id": session.store.index_id,
        "sequence": stats.sequence,
        "pending": session.pending,
        "cold_start": {
            "finished": progress.is_finished,
            "files": progress.total,
            "done": progress.done,
            "failed": progress.failed,
            "indexed": progress.indexed,
            "unchanged": progress.unchanged,
            "removed": progress.removed,
            "remaining": progress.remaining,
            "rate_per_s": round(progress.rate, 1),
            "seconds": round(progress.seconds, 3),
        },
        "queue": {
            "depth": session.queue.depth,
            "pending": session.queue.pending,
            "suspects": session.queue.suspects[:_MOST_SUSPECTS_SHOWN],
            **msgspec.structs.asdict(session.queue.counters),
        },
        "workers": {
            "busy": session.workers.busy,
            "processed": session.workers.processed,
            "discarded": session.workers.discarded,
        },
        "rescans": {"marked": session.reconciler.marked, **session.reconciler.rescans},
        "watch": {
            "state": watch.state.name,
            "detail": watch.state.detail,
            "directories": watch.directories,
            "events": watch.counters.events,
            "failures": watch.counters.failures,
        },
        "lanes": {"count": session.lanes.count, **msgspec.structs.asdict(session.lanes.counters)},
        "subscribers": session.feed.subscribers,
        "enrich": session.followers.status(),
        "store": {"database_bytes": stats.database_bytes, "wal_bytes": stats.wal_bytes},
    }
