"""Every metric of the hub, in one place: name, kind, meaning, label.

Names follow Prometheus' rules (https://prometheus.io/docs/practices/naming/): base units, and on the wire the prefix
``remora_hub_`` and, for counters, the suffix ``_total``. What counts begins at 0 when the hub is started, and never
goes back as long as it lives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from remora_hub.metrics.histogram import Distribution

Value = float | Distribution


class Metric(msgspec.Struct, frozen=True):
    """One metric; with a ``label`` it has a value for each value of that."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    label: str = ""


# What was measured: a value, or a value for each value of the label.
Samples = Mapping[Metric, Value | Mapping[str, Value]]

INFO = Metric("info", "gauge", "1, for the version of the hub.", "version")
STATE = Metric("state", "gauge", "1 for the state the hub is in, 0 for the others.", "state")
PROBLEMS = Metric(
    "problems", "gauge", "What keeps a part from its work right now; hub/status says more.", "part"
)
START_TIME = Metric("start_time_seconds", "gauge", "When the hub was started, in seconds since 1970.")

QUEUE_DEPTH = Metric("queue_depth", "gauge", "Paths waiting in the change queue.")
QUEUE_IN_WORK = Metric("queue_in_work", "gauge", "Paths taken from the change queue and not yet stored.")
QUEUE_HIGH_WATER = Metric("queue_high_water", "gauge", "The greatest depth of the change queue so far.")
QUEUE_SUSPECTS = Metric("queue_suspects", "gauge", "Paths that wait apart, for they take the parser long.")
QUEUE_PUTS = Metric("queue_puts", "counter", "Paths put into the change queue.")
QUEUE_MERGES = Metric("queue_merges", "counter", "Changes of a path that was in the change queue already.")
QUEUE_WAITS = Metric("queue_waits", "counter", "Times that somebody waited for room in the change queue.")
QUEUE_WAIT_SECONDS = Metric("queue_wait_seconds", "histogram", "From a path's first put until it is taken.")
LAG_SECONDS = Metric(
    "lag_seconds", "gauge", "Age of the oldest change, or doubt, that is not yet in the index."
)
PENDING_FILES = Metric("pending_files", "gauge", "Files known to be behind the disk.")

WORKERS = Metric("workers", "gauge", "Tasks that drain the change queue.")
WORKERS_BUSY = Metric("workers_busy", "gauge", "Workers at work.")
WORKER_BUSY_SECONDS = Metric(
    "worker_busy_seconds", "counter", "Work of all workers; its rate by workers is their use."
)
FILES_PROCESSED = Metric("files_processed", "counter", "Files that workers looked at.")
RESULTS_DISCARDED = Metric(
    "results_discarded", "counter", "Results whose bytes had changed before they were stored."
)
LANES = Metric("lanes", "gauge", "Processes that may parse at a time.")
LANES_BUSY = Metric("lanes_busy", "gauge", "Parse lanes at work.")
LANE_STARTS = Metric("lane_starts", "counter", "Parse lanes started.")
PARSE_SECONDS = Metric("parse_seconds", "histogram", "Wait for a file's facts from its parse lane.")
COMMIT_SECONDS = Metric(
    "commit_seconds", "histogram", "A transaction, from its beginning until it is committed."
)

RESCANS = Metric("rescans", "counter", "Comparisons of a directory with the disk.", "reason")
WATCH_STATE = Metric("watch_state", "gauge", "1 for the state the watcher is in, 0 for the others.", "state")
WATCH_DIRECTORIES = Metric("watch_directories", "gauge", "Directories watched.")
WATCH_EVENTS = Metric("watch_events", "counter", "Events of the file system.")

CLIENTS = Metric("clients", "gauge", "Open connections.")
SUBSCRIBERS = Metric("subscribers", "gauge", "Subscriptions to changes.")
REQUEST_SECONDS = Metric(
    "request_seconds", "histogram", "From a request's turn until its answer is made.", "method"
)
ERRORS = Metric("errors", "counter", "What went wrong, by category.", "category")

FILES = Metric("files", "gauge", "Files with a record.", "status")
NODES = Metric("nodes", "gauge", "Definitions in the index.")
SEQUENCE = Metric("sequence", "gauge", "Number of the latest commit.")
STORE_BYTES = Metric(
    "store_bytes",
    "gauge",
    "The database with its log taken in, the write-ahead log, what is free in it.",
    "part",
)
MEMORY_PSS_BYTES = Metric(
    "memory_pss_bytes", "gauge", "Memory, shared pages divided by who shares them.", "process"
)
MEMORY_RSS_BYTES = Metric(
    "memory_rss_bytes", "gauge", "Resident memory, shared pages counted in full.", "process"
)

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
