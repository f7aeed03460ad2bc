"""The enrichers that follow this session's index: those that the configuration enables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from remora_hub.config import HubConfig
from remora_hub.daemon.follower import Follower
from remora_hub.daemon.follower_main import Task
from remora_hub.paths import StatePaths
from remora_hub.store.changes import Commit
from remora_hub.store.node_state_store import NodeStateStore


class Followers:
    """``run`` them once the index is level with the disk; ``is_quiet`` and ``looked_at`` as for a ``Follower``."""

    def __init__(
        self,
        paths: StatePaths,
        config: HubConfig,
        store: NodeStateStore,
        is_quiet: Callable[[], bool],
        looked_at: Callable[[], frozenset[str]],
    ) -> None:
        enabled: dict[Task, bool] = {
            "embed": config.enrich.embed.enabled,
            "summarize": config.enrich.summarize.enabled,
        }
        self._followers = [
            Follower(task, paths, config, is_quiet, looked_at)
            for task, is_enabled in enabled.items()
            if is_enabled
        ]
        self._store = store

    async def run(self) -> None:
        """Follow until cancelled."""
        loop = asyncio.get_running_loop()

        def on_commit(_commit: Commit) -> None:  # in the writer's thread
            for follower in self._followers:
                loop.call_soon_threadsafe(follower.index_changed)

        if self._followers:
            self._store.add_listener(on_commit)
        async with asyncio.TaskGroup() as tasks:
            for follower in self._followers:
                tasks.create_task(follower.run())

    def status(self) -> dict[str, Any]:
        """How each of them stands, by its task."""
        return {follower.task: follower.status() for follower in self._followers}
