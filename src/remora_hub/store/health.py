"""Watching over the open store: files that vanish, damage that reads meet, and a check now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.logs import get_logger
from remora_hub.store.node_state_store import NodeStateStore

_TICK_S = 1.0

_log = get_logger(__name__)


async def watch_over(store: NodeStateStore, check_interval_s: float, is_idle: Callable[[], bool]) -> None:
    """Run until cancelled; raises CorruptStoreError once there is damage.

    What a read took for damage is confirmed by a whole check first, so that a fault of the program cannot have the
    index rebuilt again and again. The periodic check, SQLite's quick one, waits until ``is_idle``.
    """
    loop = asyncio.get_running_loop()
    next_check_s = loop.time() + check_interval_s
    while True:
        await asyncio.sleep(_TICK_S)
        store.check_files()
        suspicion, store.suspicion = store.suspicion, None
        if suspicion is not None:
            if await _confirms(store):
                raise suspicion
            _log.error(
                "store.damage_not_found", reason=str(suspicion), remedy="report it: a fault of the hub's"
            )
        if loop.time() >= next_check_s and is_idle():
            next_check_s = loop.time() + check_interval_s
            await _check(store)


async def _confirms(store: NodeStateStore) -> bool:
    try:
        return bool(await store.integrity_check())
    except CorruptStoreError:
        return True
    except StoreError as error:  # locked, or out of reach: whoever meets the damage next tells again
        _log.warning("store.not_checked", reason=str(error))
        return False


async def _check(store: NodeStateStore) -> None:
    try:
        problems = await store.quick_check()
    except CorruptStoreError:
        raise
    except StoreError as error:  # as above; the next check is not far
        _log.warning("store.not_checked", reason=str(error))
        return
    if problems:
        reason = problems[0] + (f", and {len(problems) - 1} more" if problems[1:] else "")
        raise CorruptStoreError("check the store", str(store.path), reason, "it will be rebuilt")
