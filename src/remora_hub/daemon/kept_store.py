"""The index where it cannot be written to: answered from as it is, with what it lacks counted."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from remora_hub.config import HubConfig
from remora_hub.daemon.source_rules import source_rules
from remora_hub.facts import EXTRACTOR_VERSION
from remora_hub.paths import StatePaths
from remora_hub.pipeline.reconcile import reconcile
from remora_hub.store.node_state_store import NodeStateStore


def is_only_readable(paths: StatePaths) -> bool:
    """Whether there is an index in a directory that this process cannot write to: a disk mounted so, another user's."""
    return paths.database.exists() and not os.access(paths.state_dir, os.W_OK)


def not_writable(paths: StatePaths) -> str:
    """What keeps the index as it is, and the remedy."""
    remedy = "make it writable, or keep another index with --state-dir"
    return f"store: {paths.state_dir} cannot be written to ({remedy})"


@asynccontextmanager
async def kept_store(paths: StatePaths, config: HubConfig) -> AsyncIterator[tuple[NodeStateStore, int]]:
    """The store of ``paths``, for reading, and how many files it is behind the disk. Raises RootError, StoreError."""
    async with await NodeStateStore.open(
        paths.database, extractor_version=EXTRACTOR_VERSION, read_only=True
    ) as store:
        with ThreadPoolExecutor(config.index.max_indexing_workers) as executor:
            found = await reconcile(paths.root, source_rules(paths, config), store, executor)
        yield store, len(found.suspects) + len(found.settled)
