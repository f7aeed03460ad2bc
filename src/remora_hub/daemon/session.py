"""One life of the index: an open store with everything that keeps it true, from opening until stop or damage."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from remora_hub.config import HubConfig
from remora_hub.daemon.assembly import facts_cache, open_store, parse_lanes
from remora_hub.daemon.early_start import EarlyStart
from remora_hub.daemon.first_names import FirstNames
from remora_hub.daemon.followers import Followers
from remora_hub.daemon.full_pools import fill
from remora_hub.daemon.source_rules import source_rules
from remora_hub.errors import CorruptStoreError, HubError, StoreError
from remora_hub.feed.feed import Feed
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths
from remora_hub.pipeline.batch_indexer import BatchIndexer
from remora_hub.pipeline.change_queue import ChangeQueue, Priority
from remora_hub.pipeline.change_workers import ChangeWorkers
from remora_hub.pipeline.cold_start import ColdStart
from remora_hub.pipeline.commits import Committer
from remora_hub.pipeline.index_files import Sources
from remora_hub.pipeline.reconcile import Reconciliation
from remora_hub.pipeline.reconciler import Reconciler
from remora_hub.pipeline.spelling_process import SpellingProcess
from remora_hub.pipeline.unsaved import UnsavedTexts
from remora_hub.query.engine import QueryEngine
from remora_hub.query.symbol_cache import SymbolCache
from remora_hub.query.symbol_rows import Show
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.store.facts_keeping import FactsKeeping
from remora_hub.store.health import watch_over
from remora_hub.store.node_state_store import READ_THREADS, NodeStateStore
from remora_hub.watch.watcher import Watcher

if TYPE_CHECKING:
    from remora_hub.enrich.embed.search import Search

T = TypeVar("T")

_TICK_S = 1.0
_PATIENCE_S = 0.02  # from the opening of the index to the question of a client who has waited for it
_UNASKED_FOR_S = 0.5  # then nobody waits for the machine

log = get_logger(__name__)


class SessionReplacedError(HubError):
    """A session ends for another one with a new configuration."""


class Session:
    """Made by ``open``; ``run`` keeps the index true until cancelled.

    ``is_ready`` is set behind the cold start, ``has_ended`` when the session is being closed.
    """

    def __init__(
        self,
        paths: StatePaths,
        config: HubConfig,
        store: NodeStateStore,
        unasked_s: Callable[[], float],
        looked_at: Callable[[], frozenset[str]],
        has_editors: Callable[[], bool],
        early: EarlyStart,
    ) -> None:
        self.store = store
        self._check_interval_s = config.store.check_interval_s
        self.is_ready = asyncio.Event()
        self.has_ended = asyncio.Event()
        self._threads = config.index.max_indexing_workers
        self.executor = ThreadPoolExecutor(self._threads, thread_name_prefix="indexing")
        self.rules = source_rules(paths, config)
        self.lanes = parse_lanes(config)
        sources = Sources(paths.root, self.rules, config.discovery.max_file_bytes)
        self._cache = facts_cache(config)
        self.indexer = BatchIndexer(sources, self.lanes, self.executor, self._cache)
        self.committer = Committer(store)
        self._unasked_s = unasked_s
        self.facts_keeping = FactsKeeping(store, self._cache, self._is_quiet) if self._cache else None
        self.feed = Feed(store, config.server.subscriber_buffer)
        self.queue = ChangeQueue(
            config.changes.change_queue_size,
            config.changes.backpressure,
            lambda directory: self.reconciler.mark(directory, "queue full"),
        )
        self.reconciler = Reconciler(
            paths.root, self.rules, store, self.committer, self.queue, self.executor, self._compared
        )
        self.workers = ChangeWorkers(
            config.changes.max_change_workers, self.queue, store, self.committer, self.indexer
        )
        self.watcher = Watcher(
            paths.root,
            self.rules,
            debounce_ms=config.watch.debounce_ms,
            step_ms=config.watch.step_ms,
            reconcile_interval_s=config.watch.reconcile_interval_s,
            polling=config.watch.polling,
        )
        self.cold_start = ColdStart(store, self.committer, self.indexer, config.index.max_indexing_workers)
        self.unsaved = UnsavedTexts(self.lanes)
        self.engine = QueryEngine(store)
        self._symbols = SymbolSearch(store, SymbolCache(paths.symbol_cache))
        self._looked_at = looked_at
        self._has_editors = has_editors
        self._has_walked = False
        self._is_searched = asyncio.Event()
        self.followers = Followers(paths, config, store, self._is_quiet, looked_at)
        self._search: Search | None = None
        self._enrich_database, self._embed = paths.enrich_database, config.enrich.embed
        start_spelling = partial(SpellingProcess, paths.root, config.discovery, config.index.lane_count)
        self._first_names = FirstNames(self._symbols, start_spelling, early.spelling)
        self._early_walk = early.walk

    @classmethod
    async def open(
        cls,
        paths: StatePaths,
        config: HubConfig,
        unasked_s: Callable[[], float],
        looked_at: Callable[[], frozenset[str]] = frozenset,
        has_editors: Callable[[], bool] = lambda: True,
        early: EarlyStart = EarlyStart(),  # noqa: B008 - it cannot be changed
    ) -> Self:
        """Open the store of ``paths``. Raises CorruptStoreError, NewerIndexError, StoreError.

        ``unasked_s`` tells for how many seconds nobody has had a question answered, ``looked_at`` which files clients
        look at, ``has_editors`` whether some of them are editors, which search first. ``early`` was begun for it.
        """
        paths.prepare()
        store = await open_store(paths, config)
        return cls(paths, config, store, unasked_s, looked_at, has_editors, early)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        """Stop everything: lanes first, so that no thread waits for one, the store last."""
        self.has_ended.set()
        self.cold_start.progress.finish()  # who reports it must not wait for what will never come
        ends_well = error is None or isinstance(error, (asyncio.CancelledError, SessionReplacedError))
        async with AsyncExitStack() as stack:
            if self._cache is not None:
                stack.callback(self._cache.close)
            stack.push_async_callback(self.store.close)
            stack.push_async_callback(self._symbols.close, keep=ends_well)
            if self._search is not None:
                stack.push_async_callback(self._search.close)
            stack.push_async_callback(self.engine.close)
            stack.callback(self.unsaved.close)
            stack.callback(self.executor.shutdown, wait=False, cancel_futures=True)
            if self._early_walk is not None:
                stack.callback(self._early_walk.close)
            stack.push_async_callback(self.watcher.close)
            stack.callback(self.feed.close)
            self._first_names.close()  # its threads are not waited for
            await asyncio.to_thread(self.lanes.close)
        gc.unfreeze()
        gc.collect()

    def adjust(self, config: HubConfig) -> None:
        """Take up what can be changed while it runs: see ``reload``, which knows what cannot."""
        self.queue.limit(config.changes.change_queue_size, config.changes.backpressure)
        self.feed.buffer_commits = config.server.subscriber_buffer
        self.lanes.idle_s = config.index.lane_idle_s
        self.watcher.reconcile_interval_s = config.watch.reconcile_interval_s

    @property
    def search(self) -> Search:
        """Search by meaning, names and text; made when it is first wanted."""
        if self._search is None:
            from remora_hub.enrich.embed.search import Search  # 50 ms that a start need not take

            self._search = Search(self.store, self._enrich_database, self._embed)
        return self._search

    @property
    def pending(self) -> int:
        """Files known to be behind the disk; directories that wait to be compared count as one each."""
        first_walk = 0 if self._has_walked else 1
        behind = first_walk + self.cold_start.progress.remaining + self.queue.pending + self.reconciler.marked
        return behind + self._symbols.behind

    @property
    def is_first_index(self) -> bool:
        """Whether the first index of this store is being made."""
        return self.store.rebuilt_reason is not None and not self.cold_start.progress.is_finished

    def _is_quiet(self) -> bool:
        """Whether neither indexing nor a client needs the machine."""
        return not self.pending and self._unasked_s() >= _UNASKED_FOR_S

    @property
    def lag_s(self) -> float:
        """Age of the oldest change, or doubt, that is not yet in the index, in seconds; 0 if there is none."""
        progress = self.cold_start.progress
        cold_s = 0.0 if progress.is_finished else time.monotonic() - progress.started
        return max(cold_s, self.queue.oldest_s, self.reconciler.oldest_s)

    async def run(self) -> None:
        """Arm the watcher, bring the index level with the disk, keep it so. Raises what cannot be recovered from."""
        if self.store.rebuilt_reason is not None:
            log.info("store.made", reason=self.store.rebuilt_reason)
        await self._serve_who_waited()
        if self.store.rebuilt_reason is not None:
            self.lanes.warm_up()  # there will be much to parse
        await self.watcher.start(self._early_walk.directories if self._early_walk else None)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_hints())
            tasks.create_task(self.workers.run())
            tasks.create_task(self._tick())
            tasks.create_task(
                watch_over(
                    self.store,
                    self._check_interval_s,
                    lambda: not self.pending,
                    lambda: self.reconciler.mark("", "database written"),
                )
            )
            overtaken = await self.cold_start.run(
                on_walked=self._walked, may_go_on=self._first_names.rests.wait, asked_about=self._looked_at
            )
            await self._first_names.over()
            for path in overtaken:
                await self.queue.put(path, Priority.CHANGED)
            tasks.create_task(self.reconciler.run())
            progress = self.cold_start.progress
            log.info(
                "index.ready",
                files=progress.total,
                indexed=progress.indexed,
                unchanged=progress.unchanged,
                removed=progress.removed,
                failed=progress.failed,
                seconds=round(progress.seconds, 3),
            )
            self.is_ready.set()
            if self.facts_keeping is not None:
                tasks.create_task(self.facts_keeping.run())
            await self._warm_up()
            await self._fill_pools()
            tasks.create_task(self.followers.run())
            gc.freeze()  # what is here lasts: to look through it for cycles again and again stops answers for 0.1 s

    async def _serve_who_waited(self) -> None:
        """Let who has waited for the index search it first: beside all else that would take thrice as long."""
        if self._has_editors():
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._is_searched.wait()
        if not self._is_searched.is_set():
            return
        await self._first_names.rests.wait()
        if self.store.rebuilt_reason is None:
            with suppress(StoreError):  # the search meets it, too
                await self._symbols.load()

    async def _warm_up(self) -> None:
        """Read what the first questions would have to read, and keep what those of the next session will need."""
        try:
            with self.store.suspecting():
                await self._symbols.warm_up()
                await self.engine.warm_up()
                await self._symbols.keep()
        except StoreError as error:
            # Out of reach right now, perhaps with the root: the first question reads it.
            log.debug("session.not_warmed_up", reason=str(error))

    async def _fill_pools(self) -> None:
        loop = asyncio.get_running_loop()
        await fill(self._threads, lambda meet: loop.run_in_executor(self.executor, meet))
        with suppress(StoreError):  # whoever reads next meets it, too
            await fill(READ_THREADS, lambda meet: self.store.read(lambda _reader: meet()))

    async def sync(self) -> bool:
        """Return once everything on disk before the call is in the index; False if the session ends before.

        Raises RootError.
        """
        syncing = asyncio.create_task(self.reconciler.sync())
        ending = asyncio.create_task(self.has_ended.wait())
        try:
            await asyncio.wait((syncing, ending), return_when=asyncio.FIRST_COMPLETED)
            if not syncing.done():
                return False
            syncing.result()
            await self._symbols.catch_up()
            return True
        finally:
            for task in (syncing, ending):
                task.cancel()
            await asyncio.gather(syncing, ending, return_exceptions=True)

    async def search_symbols(
        self,
        query: str,
        kind: str | None,
        limit: int,
        path: str | None = None,
        *,
        show: Show[T],
    ) -> list[T]:
        """Search for symbols by name, in the state of the latest commit; before that, by the spelling of names."""
        self._is_searched.set()
        is_known = self.store.rebuilt_reason is None and not self._has_walked  # from the last time, at once
        search = partial(self._symbols.search, query, kind=kind, path=path, limit=limit, show=show)
        if not (is_known or self.cold_start.progress.is_finished):
            if await self._first_names.glimpsed(query) and (found := await search()):
                return found
            await self._first_names.offered()
        return await search()

    async def look_at(self, paths: Iterable[str]) -> None:
        """Have paths of which somebody says that they changed compared with the disk."""
        for path in paths:
            await self.queue.put(path, Priority.CHANGED)

    def _walked(self, found: Reconciliation) -> None:
        self.watcher.ensure(found.directories)
        self._has_walked = True
        if 2 * len(found.suspects) <= found.files:
            self._first_names.close()  # most is known by now
        if found.suspects or found.settled:
            log.info(
                "index.started", files=found.files, to_read=len(found.suspects), settled=len(found.settled)
            )

    def _compared(self, directory: str, reason: str, found: Reconciliation) -> None:
        self.watcher.ensure(found.directories)
        if directory == "":
            self.watcher.compared(reason, found.changed, found.seconds)

    async def _follow_hints(self) -> None:
        async for hints in self.watcher:
            for rescan in hints.rescan:
                self.reconciler.mark(rescan.directory, rescan.reason)
            looked_at = self._looked_at()
            for path in hints.paths:
                priority = Priority.LOOKED_AT if path in looked_at else Priority.CHANGED
                await self.queue.put(path, priority)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            await asyncio.to_thread(self.lanes.reap)
            if self._search is not None:
                await self._search.drop_if_idle()


def first_hub_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to act on among those that ended a session's tasks: damage before anything else."""
    found: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        if isinstance(error, BaseExceptionGroup):
            pending += error.exceptions
        else:
            found.append(error)
    return min(
        found, key=lambda error: (not isinstance(error, CorruptStoreError), not isinstance(error, HubError))
    )
