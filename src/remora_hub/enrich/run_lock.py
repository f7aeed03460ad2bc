"""One run of a task at a time over one ``enrich.db``: two at once would pay for the same results twice."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remora_hub.errors import HubError, StoreError


class RunUnderWayError(HubError):
    """Another process runs the task; exit 75 (EX_TEMPFAIL)."""

    exit_code = 75
    recoverable = True


@contextmanager
def run_lock(database: Path, task: str) -> Iterator[None]:
    """Hold the lock of ``task``; the kernel releases it however the process ends. Raises RunUnderWayError, StoreError.

    A file of its own: closing ``enrich.db`` itself once more would release the locks that SQLite has on it.
    """
    path = database.with_name(f"{database.name}-{task}.lock")
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError("lock", str(path), error.strerror or str(error)) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise RunUnderWayError(f"make {task}", reason="another process makes them already") from None
    except OSError as error:
        os.close(file)
        raise StoreError("lock", str(path), error.strerror or str(error)) from error
    try:
        yield
    finally:
        os.close(file)
