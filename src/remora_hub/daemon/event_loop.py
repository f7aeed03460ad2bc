"""One event loop for one piece of work, and the hub's own error out of whatever group it comes in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from remora_hub.errors import HubError


def run_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function on the fastest event loop that is installed.

    Of an exception group that holds errors of the hub's, raises the first of those.
    """
    run: Callable[[Coroutine[Any, Any, None]], None]
    try:
        from uvloop import run
    except ImportError:  # an extra
        from asyncio import run
    try:
        run(main())
    except BaseExceptionGroup as group:
        ours = group.subgroup(HubError)
        if ours is None:
            raise
        raise next(_leaves(ours)) from group


def _leaves(group: BaseExceptionGroup[HubError]) -> Iterator[HubError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
