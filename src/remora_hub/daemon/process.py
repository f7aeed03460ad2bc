"""What a process that runs for months sees to: descriptors enough, and signals that come too early or too late."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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
    """Inside, SIGTERM and SIGINT ``stop`` and SIGHUP means ``reload`` (None: it is not looked at), on the event loop.

    Before, ``entry`` holds SIGHUP back: while there is nothing to reload yet, it would end the process. Behind it all
    three are ignored: the process is about to end by itself, and shall do so with its own exit code.
    """
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if reload is not None:
        handlers[signal.SIGHUP] = reload
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
