"""The parts that a daemon and a one-shot run both need, made as configured."""

from __future__ import annotations

from remora_hub.config import HubConfig
from remora_hub.facts import EXTRACTOR_VERSION
from remora_hub.paths import StatePaths, cache_directory
from remora_hub.pipeline.lanes import ParseLanes
from remora_hub.store.facts_cache import FactsCache
from remora_hub.store.node_state_store import NodeStateStore


async def open_store(paths: StatePaths, config: HubConfig) -> NodeStateStore:
    """The store of ``paths``, opened as configured."""
    return await NodeStateStore.open(
        paths.database,
        extractor_version=EXTRACTOR_VERSION,
        batch_files=config.store.batch_files,
        batch_ms=config.store.batch_ms,
        busy_timeout_ms=config.store.busy_timeout_ms,
        cache_mb=config.store.cache_mb,
        feed_retention_commits=config.store.feed_retention_commits,
    )


def facts_cache(config: HubConfig) -> FactsCache | None:
    """The user's cache of facts; None where the configuration wants none."""
    limit_bytes = config.index.facts_cache_mb * 1024 * 1024
    if not limit_bytes:
        return None
    return FactsCache(cache_directory(), extractor_version=EXTRACTOR_VERSION, limit_bytes=limit_bytes)


def parse_lanes(config: HubConfig) -> ParseLanes:
    """Parse lanes, as configured."""
    return ParseLanes(
        config.index.lane_count, limit_s=config.index.parse_timeout_s, idle_s=config.index.lane_idle_s
    )
