from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from remora_hub.daemon.full_pools import fill


def threads_of(prefix: str) -> int:
    return sum(thread.name.startswith(prefix) for thread in threading.enumerate())


async def test_a_pool_has_all_its_threads_and_none_is_kept() -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(5, "filled") as pool:
        await loop.run_in_executor(pool, int)
        assert threads_of("filled") == 1
        await fill(5, lambda meet: loop.run_in_executor(pool, meet))
        assert threads_of("filled") == 5
        await asyncio.gather(*(loop.run_in_executor(pool, int) for _ in range(20)))
        assert threads_of("filled") == 5


async def test_threads_at_work_are_not_waited_for_for_long() -> None:
    loop = asyncio.get_running_loop()
    release = threading.Event()
    with ThreadPoolExecutor(2, "held") as pool:
        working = loop.run_in_executor(pool, release.wait)
        filling = asyncio.create_task(fill(2, lambda meet: loop.run_in_executor(pool, meet)))
        await asyncio.wait([filling], timeout=60)
        assert filling.done()
        release.set()
        await working
    await filling
