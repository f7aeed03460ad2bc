"""The end of a stop that takes too long."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from remora_hub.logs import get_logger

LONGEST_STOP_S = 4.0  # so that on a busy machine, too, it is within five with the interpreter's own end

log = get_logger(__name__)


def end_process_in(seconds: float, files: tuple[Path, ...] = ()) -> None:
    """End this process after ``seconds``, with ``files`` removed, unless it has ended by then.

    For what no cancellation reaches: a thread in a write that waits for somebody else's lock, a read from a file system
    that hangs. Nothing committed is lost; the kernel releases the lock, lanes die with their parent, and the next
    start finds on the disk what was in flight. The exit code is that of a stop, for that is what was asked for.
    """

    def end() -> None:
        log.warning(
            "hub.stop_forced", seconds=seconds, remedy="what was in flight is indexed at the next start"
        )
        for file in files:
            file.unlink(missing_ok=True)
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
