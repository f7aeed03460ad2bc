"""The index without a daemon: brought level with the disk once, under the same lock, then closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, nullcontext

from remora_hub.config import HubConfig
from remora_hub.daemon.assembly import facts_cache, open_store, parse_lanes
from remora_hub.daemon.lock import RootLock
from remora_hub.daemon.source_rules import source_rules
from remora_hub.errors import CorruptStoreError, NotRunningError
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths
from remora_hub.pipeline.batch_indexer import BatchIndexer
from remora_hub.pipeline.cold_start import ColdStart
from remora_hub.pipeline.commits import Committer
from remora_hub.pipeline.index_files import Sources
from remora_hub.pipeline.progress import Progress
from remora_hub.pipeline.reconcile import Reconciliation
from remora_hub.store import set_aside
from remora_hub.store.node_state_store import NodeStateStore

_ATTEMPTS = 5  # at starting a parse lane; a person waits

log = get_logger(__name__)


@asynccontextmanager
async def fresh_store(
    paths: StatePaths,
    config: HubConfig,
    on_begin: Callable[[Progress], None] | None = None,
    *,
    most_files: int | None = None,
) -> AsyncIterator[tuple[NodeStateStore, Progress]]:
    """Open the store of ``paths``, index what is stale, and yield it with the counts.

    ``on_begin`` is given the progress as it is about to count. A damaged store is set aside and made anew.
    Raises AlreadyRunningError, RootError, StoreError; NotRunningError where more than ``most_files`` are stale.
    """

    def check(found: Reconciliation) -> None:
        if most_files is not None and len(found.suspects) > most_files:
            reason = f"{len(found.suspects)} files have to be indexed first (max_adhoc_files is {most_files})"
            hint = "start a hub with: remora-hub start"
            raise NotRunningError("answer without a hub for", str(paths.root), reason, hint)

    paths.prepare()
    cache = facts_cache(config)
    with RootLock(paths), closing(parse_lanes(config)) as lanes, closing(cache) if cache else nullcontext():
        if not paths.database.exists():
            lanes.warm_up()  # they start while the store is made and the tree is walked
        try:
            store = await open_store(paths, config)
        except CorruptStoreError as error:
            kept = str(set_aside(paths.database))
            log.warning("store.damaged", reason=error.problem, kept=kept, remedy="it is rebuilt by itself")
            store = await open_store(paths, config)
        workers = config.index.max_indexing_workers
        try:
            with ThreadPoolExecutor(workers, thread_name_prefix="indexing") as executor:
                sources = Sources(paths.root, source_rules(paths, config), config.discovery.max_file_bytes)
                indexer = BatchIndexer(sources, lanes, executor, cache, attempts=_ATTEMPTS)
                cold_start = ColdStart(store, Committer(store), indexer, workers)
                if on_begin is not None:
                    on_begin(cold_start.progress)
                await cold_start.run(on_walked=check)
            lanes.close()
            yield store, cold_start.progress
        finally:
            await store.close()
