"""How far the cold start is: numbers for status, the progress bar and the log."""

from __future__ import annotations

import time

import msgspec


class Progress(msgspec.Struct):
    """Counts of files. ``total`` is how many there are, ``pending`` how many of them had to be read when it began.

    Of the pending ones, ``done`` have been looked at, ``indexed`` are parsed and committed, ``failed`` could not be.
    """

    total: int = 0
    pending: int = 0
    done: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    is_finished: bool = False
    started: float = msgspec.field(default_factory=time.monotonic)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Files done a second so far."""
        elapsed = self.seconds or time.monotonic() - self.started
        return self.done / elapsed if elapsed > 0 else 0.0

    @property
    def remaining(self) -> int:
        """Files still to be done."""
        return max(0, self.pending - self.done)

    def finish(self) -> None:
        """Stop the clock: all is done, or will never be. Again and again if you like."""
        if not self.is_finished:
            self.seconds = time.monotonic() - self.started
            self.is_finished = True
