"""What whoever starts a daemon in the background gives it: its arguments, and its log, which says why a start failed.

An editor's proxy starts one, so this imports little.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from remora_hub.errors import StoreError
from remora_hub.paths import STATE_DIRECTORY, StatePaths, open_at_once

LOG_FILE = "hub.log"
LONGEST_START_S = 20.0  # until it answers
_ERROR_PREFIX = "remora-hub: "


def run_arguments(paths: StatePaths, options: Sequence[str] = ()) -> list[str]:
    """Of ``remora-hub``: run on that root, with further command-line ``options``."""
    is_default = paths.state_dir == paths.root / STATE_DIRECTORY
    state_dir = [] if is_default else ["--state-dir", str(paths.state_dir)]
    return ["run", str(paths.root), *state_dir, *options]


class StartLog:
    """Opened for a daemon to append to ``descriptor``; close it once that has begun to start.

    Raises HubError where there is no place for the state, or it cannot be written to, or is anything but a file of its
    own.
    """

    def __init__(self, paths: StatePaths) -> None:
        paths.prepare()
        self.path = paths.state_dir / LOG_FILE
        try:
            self.descriptor = open_at_once(str(self.path), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        status = os.fstat(self.descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise self._unusable("it is not a regular file")
        self._begins_at = status.st_size

    def close(self) -> None:
        """The daemon goes on writing."""
        os.close(self.descriptor)

    def last_words(self) -> str:
        """The last line of the start that is an error of the hub's, else the last one."""
        with open(self.path, "rb") as written:
            written.seek(self._begins_at)
            lines = written.read().decode(errors="replace").strip().splitlines()
        errors = [line.removeprefix(_ERROR_PREFIX) for line in lines if line.startswith(_ERROR_PREFIX)]
        return (errors or lines or ["it ended at once"])[-1]

    def _unusable(self, reason: str) -> StoreError:
        return StoreError("write the log", str(self.path), reason, "remove it")
