"""Shows a run's progress while it lasts: to a callback, as a bar on a terminal, as log events elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self

from remora_hub.enrich.tally import Progress
from remora_hub.logs import get_logger

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_INTERVAL_S = 0.1
_LOG_INTERVAL_S = 15.0

_log = get_logger(__name__)

ProgressCallback = Callable[[Progress], None]


class _Display(Protocol):
    def show(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


class ProgressReporter:
    """An async context manager. Looks ten times a second of real time, and once more at the end.

    Without a name nothing is shown, and only the callback hears. One that fails is logged once and then forgotten.
    """

    def __init__(
        self, name: str | None, look: Callable[[], Progress], callback: ProgressCallback | None
    ) -> None:
        self._look = look
        self._callback = callback
        self._display: _Display | None = None
        if name is not None:
            self._display = _BarDisplay() if sys.stderr.isatty() else _LogDisplay()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._display is not None or self._callback is not None:
            self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._tell()
        if self._display is not None:
            self._display.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL_S)
            self._tell()

    def _tell(self) -> None:
        progress = self._look()
        if self._display is not None:
            self._display.show(progress)
        if self._callback is not None:
            try:
                self._callback(progress)
            except Exception:  # noqa: BLE001  # a listener's fault must not stop the run; here is its boundary: log
                self._callback = None
                _log.exception("enrich.listener_failed")


class _LogDisplay:
    def __init__(self) -> None:
        self._looks = 0

    def show(self, progress: Progress) -> None:
        self._looks += 1
        if self._looks % round(_LOG_INTERVAL_S / _INTERVAL_S) == 0:
            _log.info(
                "enrich.progress",
                run=progress.name,
                total=progress.total,
                done=progress.done,
                failed=progress.failed,
                running=progress.running,
                rate_per_s=round(progress.rate_per_s, 1),
                tokens=progress.tokens,
                requests=progress.requests,
                remaining_s=None if progress.eta_s is None else round(progress.eta_s),
                waits_for=progress.waits_for,
            )

    def close(self) -> None:
        pass


class _BarDisplay:
    def __init__(self) -> None:
        self._bar: Bar | None = None

    def show(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = _make_bar()
            self._bar.start()
            self._bar.add_task(progress.name, total=progress.total, numbers="")
        numbers = f"{progress.running} running  {progress.rate_per_s:.1f}/s  {progress.requests} requests  "
        numbers += f"{progress.tokens} tokens"
        if progress.failed:
            numbers += f"  {progress.failed} failed"
        if progress.waits_for:
            numbers += f"  waits for {progress.waits_for}"
        self._bar.update(
            self._bar.task_ids[0],
            completed=progress.done + progress.failed,
            total=progress.total,
            numbers=numbers,
        )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def _make_bar() -> Bar:
    from rich.console import Console  # 80 ms, only where a bar is shown
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
