"""The daemon's process, started in the background."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from remora_hub.launch import StartLog, run_arguments
from remora_hub.paths import StatePaths


class LaunchedDaemon:
    """``remora-hub run`` on a root, detached, with further command-line ``options``; it appends to its log.

    Raises HubError where there is no place for its state, or its log cannot be written.
    """

    def __init__(self, paths: StatePaths, options: Sequence[str] = ()) -> None:
        self._log = StartLog(paths)
        command = [sys.executable, "-P", "-m", "remora_hub", *run_arguments(paths, options)]
        try:
            # In a session of its own: the end of who starts it is not the daemon's, not even while it starts.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log.descriptor,
                stderr=self._log.descriptor,
                start_new_session=True,
                cwd="/",
            )
        finally:
            self._log.close()
        # Its end is noted however long this program lives on: a dead daemon must not stay a zombie.
        threading.Thread(target=self._process.wait, name="daemon-reaper", daemon=True).start()

    @property
    def log_path(self) -> Path:
        """Where it logs."""
        return self._log.path

    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """What it logged last, as ``StartLog.last_words``."""
        return self._log.last_words()
