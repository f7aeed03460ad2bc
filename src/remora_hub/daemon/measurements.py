"""What the hub counts and how it stands, gathered for ``hub/metrics`` and for Prometheus. Only reads."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from remora_hub import __version__
from remora_hub.daemon.session import Session
from remora_hub.daemon.status import Problem
from remora_hub.errors import StoreError
from remora_hub.metrics import catalogue as metrics
from remora_hub.metrics.catalogue import Metric, Samples, Value
from remora_hub.metrics.memory import hub_memory
from remora_hub.metrics.requests import RequestMeter
from remora_hub.metrics.totals import Totals
from remora_hub.watch.state import WatchName

STATES = ("starting", "indexing", "ready", "degraded")

Found = dict[Metric, Value | Mapping[str, Value]]


async def measure(
    *,
    state: str,
    problems: Sequence[Problem],
    started: float,
    clients: int,
    requests: RequestMeter,
    session: Session | None,
    ended: Totals,
) -> Samples:
    """Samples of every metric; those of the index that are no counts only while there is a session.

    ``started`` is in seconds since 1970, ``requests`` what connections counted, ``ended`` what earlier sessions did.
    """
    requests_failed = {f"request_{kind}": count for kind, count in requests.failures.items()}
    found: Found = {
        metrics.INFO: {__version__: 1},
        metrics.STATE: _one_of(STATES, state),
        metrics.PROBLEMS: dict(Counter(problem.part for problem in problems)),
        metrics.START_TIME: started,
        metrics.CLIENTS: clients,
        metrics.ERRORS: requests_failed,
        metrics.REQUEST_SECONDS: {
            method: seconds.read() for method, seconds in sorted(requests.seconds.items())
        },
    }
    lanes: list[int] = []
    if session is not None:
        found |= _changes(session) | _work(session) | _watch(session)
        found[metrics.ERRORS] = {**requests_failed, **_failures(session)}
        lanes = session.lanes.pids()
    found = ended.added_to(found)  # before anything is waited for: a session that ends meanwhile counts once
    if session is not None:
        found |= await _store(session)
    memory = await asyncio.to_thread(hub_memory, lanes)
    found[metrics.MEMORY_PSS_BYTES] = {name: taken.pss for name, taken in memory.items()}
    found[metrics.MEMORY_RSS_BYTES] = {name: taken.rss for name, taken in memory.items()}
    return found


def session_counts(session: Session) -> Samples:
    """What a session has counted so far; of the index itself, nothing."""
    found = _changes(session) | _work(session) | _watch(session)
    return {**found, metrics.ERRORS: _failures(session)}


def _changes(session: Session) -> Found:
    queue, counters = session.queue, session.queue.counters
    return {
        metrics.QUEUE_DEPTH: queue.depth,
        metrics.QUEUE_IN_WORK: len(queue.in_work),
        metrics.QUEUE_HIGH_WATER: counters.high_water,
        metrics.QUEUE_SUSPECTS: len(queue.suspects),
        metrics.QUEUE_PUTS: counters.put,
        metrics.QUEUE_MERGES: counters.merges,
        metrics.QUEUE_WAITS: counters.waits,
        metrics.QUEUE_WAIT_SECONDS: queue.wait_s.read(),
        metrics.LAG_SECONDS: session.lag_s,
        metrics.PENDING_FILES: session.pending,
    }


def _work(session: Session) -> Found:
    workers, lanes = session.workers, session.lanes
    return {
        metrics.WORKERS: workers.count,
        metrics.WORKERS_BUSY: workers.busy,
        metrics.WORKER_BUSY_SECONDS: workers.busy_s,
        metrics.FILES_PROCESSED: workers.processed,
        metrics.RESULTS_DISCARDED: workers.discarded,
        metrics.LANES: lanes.count,
        metrics.LANES_BUSY: lanes.busy,
        metrics.LANE_STARTS: lanes.counters.started,
        metrics.PARSE_SECONDS: lanes.parse_s.read(),
        metrics.COMMIT_SECONDS: session.store.commit_s.read(),
    }


def _watch(session: Session) -> Found:
    rescans: Counter[str] = Counter()
    for reason, count in session.reconciler.rescans.items():
        rescans[reason.partition(":")[0]] += count  # behind a colon stands whatever the failure was
    watcher = session.watcher
    return {
        metrics.RESCANS: dict(rescans),
        metrics.WATCH_STATE: _one_of(get_args(WatchName), watcher.state.name),
        metrics.WATCH_DIRECTORIES: watcher.directories,
        metrics.WATCH_EVENTS: watcher.counters.events,
        metrics.SUBSCRIBERS: session.feed.subscribers,
    }


async def _store(session: Session) -> Found:
    try:
        stats = await session.store.stats()
    except StoreError:
        return {}  # it is being closed or is in trouble, which the problems name
    return {
        metrics.FILES: dict(stats.files_by_status),
        metrics.NODES: stats.nodes,
        metrics.SEQUENCE: stats.sequence,
        metrics.STORE_BYTES: {
            "database": stats.database_bytes, "wal": stats.wal_bytes, "free": stats.free_bytes
        },
    }  # fmt: skip


def _failures(session: Session) -> Counter[str]:
    lanes = session.lanes.counters
    return Counter(
        parse_timed_out=lanes.timed_out,
        parse_died=lanes.died,
        store_write=session.committer.failures,
        not_stored=session.workers.not_stored,
        no_lane=session.indexer.failures,
        watcher=session.watcher.counters.failures,
    )


def _one_of(names: Sequence[str], current: str) -> dict[str, Value]:
    return {name: int(name == current) for name in names}
