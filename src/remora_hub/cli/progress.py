"""Progress of a cold start: a bar on a terminal, log events elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Literal, Self

from remora_hub.logs import get_logger

if TYPE_CHECKING:
    from remora_hub.pipeline.progress import Progress

_BAR_INTERVAL_S = 0.1
_STEP_S = 0.5  # nothing tells a thread that the cold start is over
_LOG_INTERVAL_S = 15.0  # a log is read later, by somebody who wants to know whether it got on

log = get_logger(__name__)


class ProgressReport:
    """A context manager; ``follow`` begins to report a ``Progress`` until it is finished. Reports from a thread."""

    def __init__(self, when: Literal["auto", "always", "never"]) -> None:
        self._is_quiet = when == "never"
        self._shows_bar = when == "always" or (when == "auto" and sys.stderr.isatty())
        if self._shows_bar:
            import rich.progress  # noqa: F401  # 80 ms; not in a thread: ``log_lines`` hides it for a moment
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def follow(self, progress: Progress) -> None:
        """Report ``progress`` from now on."""
        if self._is_quiet:
            return
        report = self._draw if self._shows_bar else self._log
        thread = threading.Thread(target=report, args=(progress,), name="progress", daemon=True)
        self._threads = [*(earlier for earlier in self._threads if earlier.is_alive()), thread]
        thread.start()

    def _draw(self, progress: Progress) -> None:
        while not progress.pending:
            if progress.is_finished or self._ended.wait(_BAR_INTERVAL_S):
                return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("indexing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.0f}/s"),
        )
        with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("indexing", total=progress.pending, rate=0.0)
            while not progress.is_finished and not self._ended.wait(_BAR_INTERVAL_S):
                bar.update(task, completed=progress.done, rate=progress.rate)
            bar.update(task, completed=progress.done, rate=progress.rate)

    def _log(self, progress: Progress) -> None:
        next_s = time.monotonic() + _LOG_INTERVAL_S
        while not progress.is_finished and not self._ended.wait(_STEP_S):
            if time.monotonic() >= next_s and progress.pending and not progress.is_finished:
                next_s += _LOG_INTERVAL_S
                log.info(
                    "index.progress",
                    done=progress.done,
                    pending=progress.pending,
                    failed=progress.failed,
                    rate_per_s=round(progress.rate),
                    remaining=progress.remaining,
                )
