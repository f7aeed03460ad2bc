"""The daemon's process, started in the background: its command, its log, and what it said last.

An editor's proxy starts one, so this imports little.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from remora_hub.errors import StoreError
from remora_hub.paths import STATE_DIRECTORY, StatePaths, open_at_once

LOG_FILE = "hub.log"
LONGEST_START_S = 20.0  # until it answers
_ERROR_PREFIX = "remora-hub: "


class LaunchedDaemon:
    """``remora-hub run`` on a root, detached, with further command-line ``options``; it appends to ``log_path``.

    Raises HubError where there is no place for its state, or its log cannot be written.
    """

    def __init__(self, paths: StatePaths, options: Sequence[str] = ()) -> None:
        paths.prepare()
        self.log_path = paths.state_dir / LOG_FILE
        is_default = paths.state_dir == paths.root / STATE_DIRECTORY
        state_dir = [] if is_default else ["--state-dir", str(paths.state_dir)]
        command = [sys.executable, "-P", "-m", "remora_hub", "run", str(paths.root), *state_dir, *options]
        with _open_log(self.log_path) as log:
            self._begins_at = log.tell()
            # In a session of its own: the end of who starts it is not the daemon's, not even while it starts.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
            )
        # Its end is noted however long this program lives on: a dead daemon must not stay a zombie.
        threading.Thread(target=self._process.wait, name="daemon-reaper", daemon=True).start()

    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """The last line it logged that is an error of the hub's, else the last one."""
        with open(self.log_path, "rb") as written:
            written.seek(self._begins_at)
            lines = written.read().decode(errors="replace").strip().splitlines()
        errors = [line.removeprefix(_ERROR_PREFIX) for line in lines if line.startswith(_ERROR_PREFIX)]
        return (errors or lines or ["it ended at once"])[-1]


def _open_log(path: Path) -> BinaryIO:
    """Raises StoreError where it cannot be written to, or is anything but a file of its own."""
    try:
        file = open(path, "ab", opener=open_at_once)  # noqa: SIM115 - it is handed on
    except OSError as error:
        raise StoreError("write the log", str(path), error.strerror or str(error), "remove it") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise StoreError("write the log", str(path), "it is not a regular file", "remove it")
    return file
