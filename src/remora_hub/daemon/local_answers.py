"""Answers to ``hub/*`` methods from a process that found no daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

from remora_hub.config import HubConfig
from remora_hub.daemon.event_loop import run_loop
from remora_hub.daemon.kept_store import is_only_readable, kept_store, not_writable
from remora_hub.daemon.one_shot import fresh_store
from remora_hub.daemon.standalone import StandaloneBackend
from remora_hub.errors import HubError
from remora_hub.paths import StatePaths
from remora_hub.pipeline.progress import Progress


def answer_locally(
    paths: StatePaths,
    config: HubConfig,
    calls: Sequence[tuple[str, Mapping[str, object]]],
    on_begin: Callable[[Progress], None] | None = None,
) -> list[Any]:
    """Answer calls, methods with their parameters, after what is stale is indexed once.

    Answers are plain values as on the wire; the ``HubError`` stands in the place of one that failed. ``on_begin`` as in
    ``fresh_store``. Where the index cannot be written to, they are answered from it as it is, and say so.
    Raises as ``fresh_store`` does, with ``client.max_adhoc_files`` as the most files to index.
    """
    answers: list[Any] = []

    async def answer() -> None:
        async with AsyncExitStack() as stack:
            if is_only_readable(paths):
                store, pending = await stack.enter_async_context(kept_store(paths, config))
                backend = StandaloneBackend(store, paths, config.enrich.embed, pending, not_writable(paths))
            else:
                fresh = fresh_store(paths, config, on_begin, most_files=config.client.max_adhoc_files)
                store, _ = await stack.enter_async_context(fresh)
                backend = StandaloneBackend(store, paths, config.enrich.embed)
            for method, params in calls:
                try:
                    answers.append(await backend.call(method, params))
                except HubError as error:
                    answers.append(error)

    _run_beside(lambda: run_loop(answer))
    return answers


def _run_beside(work: Callable[[], None]) -> None:
    """Do ``work``, which needs an event loop of its own; in another thread if this one runs a loop (a notebook's)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        work()
        return
    with ThreadPoolExecutor(1, thread_name_prefix="local-answers") as thread:
        thread.submit(work).result()
