"""Keeps what is said again and again from drowning what is said once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

_BURST = 5
_WINDOW_S = 60.0
_MOST_EVENTS = 500  # remembered; libraries may put anything into theirs


class _Window(msgspec.Struct):
    began_s: float
    level: int
    said: set[str] = msgspec.field(default_factory=set)
    kept_back: int = 0


class Repeats:
    """Of each event ``burst`` different ones are let through in ``window_s`` seconds, and of equal ones the first.

    ``summarize`` is told how many more there were: it is called with level, event, count and seconds, from a thread of
    its own, when the window is over. Of any thread.
    """

    def __init__(
        self,
        summarize: Callable[[int, str, int, float], None],
        *,
        burst: int = _BURST,
        window_s: float = _WINDOW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._summarize = summarize
        self._burst = burst
        self._window_s = window_s
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def admits(self, level: int, event: str, content: str = "") -> bool:
        """Whether an event is to be said now; two are equal if their ``content`` is."""
        now_s = self._clock()
        with self._lock:
            window = self._windows.get(event)
            if window is None or (not window.kept_back and now_s - window.began_s >= self._window_s):
                self._make_room(now_s)
                window = self._windows[event] = _Window(now_s, level)
            if len(window.said) < self._burst and content not in window.said:
                window.said.add(content)
                return True
            window.kept_back += 1
            window.level = max(level, window.level)
            if self._timer is None:
                self._start_timer(now_s)
            return False

    def flush(self, *, only_over: bool = False) -> None:
        """Tell what was kept back; ``only_over``: in windows that are over."""
        now_s = self._clock()
        with self._lock:
            done = {
                event: window
                for event, window in self._windows.items()
                if window.kept_back and (not only_over or now_s - window.began_s >= self._window_s)
            }
            for event in done:
                del self._windows[event]
        for event, window in done.items():
            self._summarize(window.level, event, window.kept_back, now_s - window.began_s)

    def close(self) -> None:
        """Tell what was kept back, and forget all; the next event begins anew."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        self.flush()
        with self._lock:
            self._windows.clear()

    def _start_timer(self, now_s: float) -> None:
        """Until the first window is over in which something was kept back; none if there is no such window."""
        ends = [window.began_s + self._window_s for window in self._windows.values() if window.kept_back]
        self._timer = None
        if ends:
            self._timer = threading.Timer(max(0.0, min(ends) - now_s), self._on_timer)
            self._timer.daemon = True
            self._timer.name = "log-repeats"
            self._timer.start()

    def _on_timer(self) -> None:
        self.flush(only_over=True)
        with self._lock:
            self._start_timer(self._clock())

    def _make_room(self, now_s: float) -> None:
        if len(self._windows) < _MOST_EVENTS:
            return
        self._windows = {
            event: window
            for event, window in self._windows.items()
            if window.kept_back or now_s - window.began_s < self._window_s
        }
