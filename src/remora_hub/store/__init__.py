"""The durable index: one SQLite file in AgentFS layout, one writer, many readers. The only importer of apsw."""

from remora_hub.store.changes import (
    Commit,
    FileChange,
    FileOmitted,
    FileRemoved,
    FileReplaced,
    FileTouched,
    Fingerprint,
    Horizon,
    NodeChange,
)
from remora_hub.store.connection import set_aside
from remora_hub.store.maintenance import Collected, StoreStats
from remora_hub.store.node_state_store import NodeStateStore
from remora_hub.store.reader import Reader

__all__ = [
    "Collected",
    "Commit",
    "FileChange",
    "FileOmitted",
    "FileRemoved",
    "FileReplaced",
    "FileTouched",
    "Fingerprint",
    "Horizon",
    "NodeChange",
    "NodeStateStore",
    "Reader",
    "StoreStats",
    "set_aside",
]
