"""One event loop for one piece of work, parts that run beside each other, and the hub's own error out of a group."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from remora_hub.daemon.full_pools import fill
from remora_hub.errors import HubError

_SWITCH_INTERVAL_S = (
    0.0003  # a thread with an answer to give waits so long for one that indexes, at most; CPython: 5 ms
)


# Most of what a hub makes is freed by its count of references: it looks for cycles a tenth as often as CPython would.
_COLLECTION_THRESHOLDS = (7_000, 10, 10)
_THREADS = 6  # for what would hold up the event loop; as many as CPython's own on two cores


def run_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function on the fastest event loop that is installed.

    Of an exception group that holds errors of the hub's, raises the first of those.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()  # what was imported lasts
    gc.set_threshold(*_COLLECTION_THRESHOLDS)
    gc.enable()

    async def with_threads() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "asyncio"))
        await fill(_THREADS, asyncio.to_thread)
        await main()

    run: Callable[[Coroutine[Any, Any, None]], None]
    try:
        from uvloop import run
    except ImportError:  # an extra
        run = asyncio.run
    try:
        run(with_threads())
    except BaseExceptionGroup as group:
        ours = group.subgroup(HubError)
        if ours is None:
            raise
        raise next(_leaves(ours)) from group


async def run_until(event: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run ``parts`` beside each other until ``event`` is set, then cancel them. Raises what one of them raises."""
    waiting = asyncio.create_task(event.wait())
    tasks: list[asyncio.Task[Any]] = [waiting, *(asyncio.create_task(part) for part in parts)]
    try:
        running = set(tasks)
        while not waiting.done():
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _leaves(group: BaseExceptionGroup[HubError]) -> Iterator[HubError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
