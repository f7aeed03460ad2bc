"""How the hub stands, as plain values for ``hub/status``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from remora_hub.daemon.session import Session


def hub_state(session: Session | None) -> str:
    """``starting``, ``indexing``, ``ready``, or ``degraded`` while something keeps the index from being true."""
    if session is None:
        return "starting"
    if problems(session):
        return "degraded"
    return "ready" if session.is_ready.is_set() else "indexing"


def problems(session: Session) -> list[dict[str, str]]:
    """What keeps the hub from doing its work right now, each with its remedy."""
    found = []
    if session.committer.trouble:
        found.append({"part": "store", "problem": session.committer.trouble, "remedy": "it is tried again"})
    if session.indexer.trouble:
        found.append({"part": "index", "problem": session.indexer.trouble, "remedy": "it is tried again"})
    watch = session.watcher.state
    if watch.name in ("degraded", "root missing"):
        found.append({"part": "watch", "problem": f"{watch.name}: {watch.detail}", "remedy": watch.remedy})
    elif session.reconciler.problem:
        found.append(
            {"part": "reconcile", "problem": session.reconciler.problem, "remedy": "bring the root back"}
        )
    return found


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
        "problems": problems(session),
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
            **asdict(session.queue.counters),
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
        "lanes": {"count": session.lanes.count, **asdict(session.lanes.counters)},
        "subscribers": session.feed.subscribers,
        "store": {"database_bytes": stats.database_bytes, "wal_bytes": stats.wal_bytes},
    }
