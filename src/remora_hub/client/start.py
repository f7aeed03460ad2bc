"""Starting the daemon of a root in the background, and waiting until it answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from remora_hub.client.blocking import BlockingClient
from remora_hub.client.launched_daemon import LaunchedDaemon
from remora_hub.errors import HubError, NotRunningError
from remora_hub.launch import LONGEST_START_S
from remora_hub.paths import StatePaths

_STEP_S = 0.2


def start_daemon(
    paths: StatePaths, options: Sequence[str] = (), *, timeout_s: float = LONGEST_START_S
) -> dict[str, Any]:
    """Start ``remora-hub run`` detached, with further command-line ``options``; its status once it answers.

    Where another one is started at the same moment, that one's status. Raises HubError with the last words of a
    daemon that ends, or if none answers within ``timeout_s``.
    """
    daemon = LaunchedDaemon(paths, options)
    deadline = time.monotonic() + timeout_s
    while True:
        # Asked before the socket is: a daemon that lost the race against another has ended once that one answers.
        exit_code = daemon.exit_code()
        try:
            with BlockingClient.wait_for(paths, _STEP_S) as client:
                status: dict[str, Any] = client.call("hub/status", timeout_s=timeout_s)
                return status
        except NotRunningError:
            if exit_code is not None:
                raise _ended(paths, exit_code, daemon.last_words()) from None
            if time.monotonic() >= deadline:
                reason = f"it does not answer after {timeout_s:g} s"
                raise HubError(
                    "start the hub on", str(paths.root), reason, f"see {daemon.log_path}"
                ) from None


def _ended(paths: StatePaths, code: int, last_words: str) -> HubError:
    error = HubError("start the hub on", str(paths.root), last_words)
    error.exit_code = code if code > 0 else 1
    return error
