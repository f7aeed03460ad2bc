"""Starting the daemon for an editor that found none."""

from __future__ import annotations

import time

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from remora_hub.launch import LaunchedDaemon
    from remora_hub.lsp_proxy.hub_link import Places

    class Launcher(Protocol):
        """How a hub comes to run where none does."""

        def launch(self, places: Places) -> None:
            """Begin to start one, unless that is under way. Raises HubError."""

        def answers(self) -> None:
            """A hub answers: whichever it is, the start is over."""

        def failure(self) -> str | None:
            """Why the last one could not be started, told once; None while that is not known."""


_TEMPORARY_FAILURE = 75  # another hub was just being started


class DaemonLauncher:
    """Starts the daemon as ``remora-hub start`` does, with further command-line ``options``."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = options
        self._daemon: LaunchedDaemon | None = None
        self._is_late_s = 0.0

    def launch(self, places: Places) -> None:
        """Begin to start one, unless that is under way. Raises HubError."""
        if self._daemon is not None:
            return
        from pathlib import Path

        from remora_hub.launch import LONGEST_START_S, LaunchedDaemon
        from remora_hub.paths import StatePaths

        paths = StatePaths(Path(places.root), Path(places.state_dir))
        self._daemon = LaunchedDaemon(paths, self._options)
        self._is_late_s = time.monotonic() + LONGEST_START_S

    def answers(self) -> None:
        """A hub answers: whichever it is, the start is over."""
        self._daemon = None

    def failure(self) -> str | None:
        """Why the last one could not be started, told once."""
        daemon = self._daemon
        if daemon is None:
            return None
        code = daemon.exit_code()
        if code is None:
            if time.monotonic() < self._is_late_s:
                return None
            self._is_late_s = float("inf")
            return f"the hub was started and does not answer; see {daemon.log_path}"
        self._daemon = None
        return None if code in (0, _TEMPORARY_FAILURE) else daemon.last_words()
