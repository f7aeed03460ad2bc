"""Starting the daemon of a root in the background, and waiting until it answers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import HubError, NotRunningError, StoreError
from remora_hub.holder import open_at_once
from remora_hub.paths import STATE_DIRECTORY, StatePaths

LOG_FILE = "hub.log"
LONGEST_START_S = 20.0
_STEP_S = 0.2
_ERROR_PREFIX = "remora-hub: "


def start_daemon(
    paths: StatePaths, options: Sequence[str] = (), *, timeout_s: float = LONGEST_START_S
) -> dict[str, Any]:
    """Start ``remora-hub run`` detached, with further command-line ``options``; its status once it answers.

    Where another one is started at the same moment, that one's status. Raises HubError with the last words of a
    daemon that ends, or if none answers within ``timeout_s``.
    """
    paths.prepare()
    command = [sys.executable, "-P", "-m", "remora_hub", "run", str(paths.root), *_state_dir(paths), *options]
    log_path = paths.state_dir / LOG_FILE
    with _open_log(log_path) as log:
        begins_at = log.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    # Its end is noted however long this program lives on: a dead daemon must not stay a zombie.
    threading.Thread(target=process.wait, name="daemon-reaper", daemon=True).start()
    deadline = time.monotonic() + timeout_s
    while True:
        # Asked before the socket is: a daemon that lost the race against another has ended once that one answers.
        has_ended = process.poll() is not None
        try:
            with BlockingClient.wait_for(paths, _STEP_S) as client:
                status: dict[str, Any] = client.call("hub/status", timeout_s=timeout_s)
                return status
        except NotRunningError:
            if has_ended:
                raise _ended(paths, process.returncode, _last_words(log_path, begins_at)) from None
            if time.monotonic() >= deadline:
                reason = f"it does not answer after {timeout_s:g} s"
                raise HubError("start the hub on", str(paths.root), reason, f"see {log_path}") from None


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


def _state_dir(paths: StatePaths) -> list[str]:
    is_default = paths.state_dir == paths.root / STATE_DIRECTORY
    return [] if is_default else ["--state-dir", str(paths.state_dir)]


def _last_words(log_path: Path, begins_at: int) -> str:
    """The last line behind ``begins_at`` that is an error of the hub's, else the last one."""
    with open(log_path, "rb") as written:
        written.seek(begins_at)
        lines = written.read().decode(errors="replace").strip().splitlines()
    errors = [line.removeprefix(_ERROR_PREFIX) for line in lines if line.startswith(_ERROR_PREFIX)]
    return (errors or lines or ["it ended at once"])[-1]


def _ended(paths: StatePaths, code: int, last_words: str) -> HubError:
    error = HubError("start the hub on", str(paths.root), last_words)
    error.exit_code = code if code > 0 else 1
    return error
