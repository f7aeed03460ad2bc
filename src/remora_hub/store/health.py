"""Watching over the open store: files that vanish, damage that is met, what others write, a check now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.logs import get_logger
from remora_hub.store.node_state_store import NodeStateStore

_TICK_S = 1.0
_PAUSE_PER_CHECK_S = 20  # seconds: whoever writes all the time cannot have the hub check all the time

_log = get_logger(__name__)


async def watch_over(
    store: NodeStateStore,
    check_interval_s: float,
    is_idle: Callable[[], bool],
    on_written: Callable[[], object] = lambda: None,
) -> None:
    """Run until cancelled; raises CorruptStoreError once there is damage.

    Everything is checked when a read took something for damage (a fault of the program cannot have the index rebuilt
    again and again), when somebody else wrote to the files, and, as soon as ``is_idle``, behind a start that found them
    not closed as they should be, and periodically. ``on_written`` is called where somebody else wrote and no damage is
    found.
    """
    loop = asyncio.get_running_loop()
    next_check_s = loop.time() + (check_interval_s if store.is_checked else 0)
    next_answer_s = loop.time()
    while True:
        await asyncio.sleep(_TICK_S)
        store.check_files()
        began_s = loop.time()
        suspicion, store.suspicion = store.suspicion, None
        if suspicion is not None:
            if await _find_damage(store):
                raise suspicion
            _log.error(
                "store.damage_not_found", reason=str(suspicion), remedy="report it: a fault of the hub's"
            )
        elif began_s >= next_answer_s and store.were_files_written_by_others():
            await _check(store)
            next_answer_s = loop.time() + _PAUSE_PER_CHECK_S * (loop.time() - began_s)
            _log.info("store.written_by_others", path=str(store.path))
            on_written()
        elif began_s >= next_check_s and is_idle():
            await _check(store)
            next_check_s = loop.time() + check_interval_s


async def _check(store: NodeStateStore) -> None:
    problems = await _find_damage(store)
    if problems:
        reason = problems[0] + (f", and {len(problems) - 1} more" if problems[1:] else "")
        raise CorruptStoreError("check the store", str(store.path), reason, "it will be rebuilt")


async def _find_damage(store: NodeStateStore) -> list[str]:
    try:
        return await store.check_everything()
    except CorruptStoreError as error:
        return [error.reason]
    except StoreError as error:  # locked, or out of reach: whoever meets the damage next tells again
        _log.warning("store.not_checked", reason=str(error))
        return []
