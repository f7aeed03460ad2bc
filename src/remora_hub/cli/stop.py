"""``remora-hub stop``: end the running hub."""

from __future__ import annotations

import os
import time

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import HubError
from remora_hub.paths import StatePaths

_LONGEST_WAIT_S = 10.0
_POLL_S = 0.02


@click.command()
@finds_root
def stop(options: CommonOptions) -> None:
    """Stop the running hub and wait until it has ended."""
    paths = options.paths()
    pid = stop_daemon(paths)
    if options.as_json:
        print_json({"stopped": pid})
    else:
        print_line(f"The hub of {paths.root} (process {pid}) has stopped.")


def stop_daemon(paths: StatePaths) -> int:
    """Stop the daemon; its process id once it is gone. Raises NotRunningError, HubError if it does not end."""
    with BlockingClient.connect(paths) as client:
        pid: int = client.call("hub/status", timeout_s=_LONGEST_WAIT_S)["pid"]
        client.call("hub/shutdown", timeout_s=_LONGEST_WAIT_S)
    deadline = time.monotonic() + _LONGEST_WAIT_S
    while _is_alive(pid):
        if time.monotonic() >= deadline:
            raise HubError(
                "stop the hub of", str(paths.root), f"process {pid} does not end", f"kill -9 {pid}"
            )
        time.sleep(_POLL_S)  # it is not our child: there is nothing to wait on
    return pid


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # a zombie has ended, too
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False
