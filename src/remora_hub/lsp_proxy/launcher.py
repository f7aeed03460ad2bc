"""Starting the daemon for an editor that found none."""

from __future__ import annotations

import time

from remora_hub.lsp_proxy.guardian import Guardian

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from remora_hub.lsp_proxy.hub_link import Places

    class Launcher(Protocol):
        """How a hub comes to run where none does."""

        def launch(self, places: Places) -> None:
            """Begin to start one, unless that is under way. Raises OSError."""

        def answers(self) -> None:
            """A hub answers: whichever it is, the start is over."""

        def failure(self) -> str | None:
            """Why the last one could not be started, told once; None while that is not known."""


_TEMPORARY_FAILURE = 75  # another hub was just being started
_FRESH_S = 5.0  # a proxy no older than that has the modules that a hub would import now
_LONGEST_START_S = 20.0  # ``launch.LONGEST_START_S``, whose import would take longer


class DaemonLauncher:
    """Starts the daemon as ``remora-hub start`` does, with further command-line ``options``.

    Where it ``may_fork``, one that is wanted at once is a fork of this process: ``launch`` raises HubFork there.
    """

    def __init__(self, options: Sequence[str] = (), *, may_fork: bool = False) -> None:
        self._options = options
        self._forks_until_s = time.monotonic() + _FRESH_S if may_fork else 0.0
        self._guardian: Guardian | None = None
        self._is_late_s = 0.0

    def launch(self, places: Places) -> None:
        """Begin to start one, unless that is under way. Raises OSError."""
        if self._guardian is None:
            is_fresh = time.monotonic() < self._forks_until_s
            self._guardian = Guardian(places, self._options, in_place=is_fresh)
            self._is_late_s = time.monotonic() + _LONGEST_START_S

    def answers(self) -> None:
        """A hub answers: whichever it is, the start is over."""
        guardian, self._guardian = self._guardian, None
        if guardian is not None:
            guardian.let_go()

    def failure(self) -> str | None:
        """Why the last one could not be started, told once."""
        if self._guardian is None:
            return None
        ending = self._guardian.ending()
        if ending is None:
            if time.monotonic() < self._is_late_s:
                return None
            self._is_late_s = float("inf")
            return f"the hub was started and does not answer after {_LONGEST_START_S:g} s; see its log"
        self._guardian = None
        code, last_words = ending
        return None if code in (0, _TEMPORARY_FAILURE) else last_words
