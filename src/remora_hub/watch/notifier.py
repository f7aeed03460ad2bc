"""One inotify instance over a fixed set of directories, and the thread that empties it.

watchfiles' ``RustNotify`` is used directly (https://watchfiles.helpmanual.io/api/rust_backend/): ``awatch`` stops and
clears its buffer when a directory is to be added, ``RustNotify`` lets a successor be armed before it is let go.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from typing import Literal, Protocol

from remora_hub.discovery.omission import printable
from remora_hub.errors import HubError

_GRACE_MS = 100
_UNUSED_POLL_DELAY_MS = 300
_JOIN_S = 2.0
_THREADS = "/proc/self/task"
_PROCESSOR = 36  # of the fields behind the command's name


class WatchError(HubError):
    """The kernel would not watch; the hint names the limit to raise."""

    recoverable = True


class EventSource(Protocol):
    """The part of ``RustNotify`` in use."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: _Stop
    ) -> set[tuple[int, str]] | Literal["signal", "stop", "timeout"]:
        """Wait for a batch of events."""

    def close(self) -> None:
        """Let all watches go."""


OpenEventSource = Callable[[Sequence[str]], EventSource]


def open_inotify(directories: Sequence[str]) -> EventSource:
    """Watch each of these absolute paths, not what lies below them.

    ``FileNotFoundError`` and ``PermissionError`` if one cannot be watched, ``WatchError`` if the kernel's limits are
    reached. ``ignore_permission_denied`` stays off: it would hide all of these.
    """
    # It brings much along that nobody asks for, and a start has something to answer before it watches.
    from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

    try:
        with _on_one_core():
            return RustNotify(list(directories), False, False, _UNUSED_POLL_DELAY_MS, False, False)
    except (FileNotFoundError, PermissionError):
        raise
    except UnicodeEncodeError as error:  # only the root can be called so: a walk leaves such directories out
        reason = "the path of the root is not UTF-8, and RustNotify takes no other"
        raise WatchError("watch", printable(directories[0]), reason, "rename it") from error
    except (OSError, WatchfilesRustInternalError) as error:
        raise _watch_error(error, len(directories)) from error


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Keep this thread, and those that it starts, on one core inside; behind it they are free again.

    RustNotify hands each directory to a thread of its own and waits for it, with the interpreter held: two thousand
    take 170 ms where each wakes another core, 35 ms where the two threads take turns on one.
    """
    try:
        allowed = os.sched_getaffinity(0)
        before = set(os.listdir(_THREADS))
        os.sched_setaffinity(0, {_last_core(allowed)})
    except (OSError, LookupError, ValueError):
        # A sandbox that forbids it, or has no /proc: then it takes longer.
        yield
        return
    try:
        yield
    finally:
        for thread in {"0", *os.listdir(_THREADS)} - before:
            with suppress(OSError):  # another one's, which has ended; or the cores have changed meanwhile
                os.sched_setaffinity(int(thread), allowed)


def _last_core(allowed: AbstractSet[int]) -> int:
    """The core that this thread ran on last (proc(5), ``/proc/pid/stat``, ``processor``)."""
    with open("/proc/thread-self/stat", "rb") as status:
        core = int(status.read().rpartition(b")")[2].split()[_PROCESSOR])
    return core if core in allowed else min(allowed)


class Notifier:
    """Hands on batches of ``(kind, absolute path)`` from its own thread until it is retired, closed, or fails.

    Raises what ``open_source`` raises. ``failed`` is called, once, with the reason when the underlying watcher breaks
    down (a name that is not UTF-8 is enough); nothing comes after it.
    """

    def __init__(
        self,
        directories: Sequence[str],
        *,
        debounce_ms: int,
        step_ms: int,
        deliver: Callable[[Iterable[tuple[int, str]]], None],
        failed: Callable[[Notifier, str], None],
        open_source: OpenEventSource = open_inotify,
    ) -> None:
        self._source = open_source(directories)
        self._debounce_ms = debounce_ms
        self._step_ms = step_ms
        self._deliver = deliver
        self._failed = failed
        self._stop = _Stop(polls_of_grace=(2 * debounce_ms + _GRACE_MS) // step_ms + 1)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def retire(self) -> None:
        """End once all that happened before this call has been delivered; a successor is armed already."""
        self._stop.retired = True

    def close(self) -> None:
        """End now and wait for it."""
        self._stop.closed = True
        self._thread.join(_JOIN_S)

    def wait_until_retired(self, timeout_s: float) -> None:
        """Wait for a retired notifier to end; close it if that takes longer."""
        self._thread.join(timeout_s)
        self.close()

    def _run(self) -> None:
        try:
            # No time-out: on one, RustNotify clears its buffer without looking into it again.
            while not isinstance(
                batch := self._source.watch(self._debounce_ms, self._step_ms, 0, self._stop), str
            ):
                self._deliver(batch)
        except BaseException as error:  # noqa: BLE001 - a panic in Rust is no Exception; the watcher acts on all alike
            self._failed(self, str(error) or type(error).__name__)
        finally:
            self._source.close()


class _Stop:
    """The ``stop_event`` that RustNotify polls once a step.

    Stopping discards what RustNotify has buffered. After so many polls nothing from before the retirement can be
    left there: a batch is handed on at the latest one debounce time after its first event.
    """

    def __init__(self, polls_of_grace: int) -> None:
        self.retired = False
        self.closed = False
        self._polls_left = polls_of_grace

    def is_set(self) -> bool:
        if self.retired:
            self._polls_left -= 1
        return self.closed or self._polls_left < 0


def _watch_error(error: Exception, count: int) -> WatchError:
    """A sentence about the limit that was reached (inotify(7), "/proc interfaces")."""
    subject = f"{count} directories"
    text = str(error)
    if "limit reached" in text:
        return WatchError(
            "watch", subject, "the kernel's limit of watches is reached", "raise fs.inotify.max_user_watches"
        )
    if "os error 24" in text:
        reason = "the limit of inotify instances, or of open files, is reached"
        return WatchError(
            "watch", subject, reason, "raise fs.inotify.max_user_instances, or the limit of open files"
        )
    return WatchError("watch", subject, text)
