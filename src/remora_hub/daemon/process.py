"""What a process that runs for months sees to: descriptors enough, and signals that come too early or too late."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

_DESCRIPTORS = 65_536  # as LimitNOFILE= of the units; a login shell allows 1,024, which clients could use up


def allow_many_descriptors() -> None:
    """Raise the soft limit on open files, which is low for the sake of select(2), as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # a sandbox that forbids it: then it is as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def signals_handled(stop: Callable[[], None], reload: Callable[[], None] | None) -> Iterator[None]:
    """Inside, SIGTERM and SIGINT ``stop`` and SIGHUP means ``reload``, on the event loop. In the main thread only.

    Before, ``entry`` holds SIGHUP back: while there is nothing to reload yet, it would end the process. Behind it all
    three are ignored, without a moment between: the process is about to end by itself, with its own exit code. Without
    ``reload`` the process is not the hub's alone: SIGHUP is not looked at, and all is as it was behind it.
    """
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if reload is not None:
        handlers[signal.SIGHUP] = reload
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        signal.signal(number, partial(_on_loop, loop, handler))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        for number in handlers:
            signal.signal(number, before[number] if reload is None else signal.SIG_IGN)


def _on_loop(
    loop: asyncio.AbstractEventLoop, handler: Callable[[], None], _number: int, _frame: FrameType | None
) -> None:
    loop.call_soon_threadsafe(handler)
