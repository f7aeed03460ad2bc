"""``remora-hub run``: the hub in the foreground."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import takes_root
from remora_hub.cli.run_hub import run_hub


@click.command()
@takes_root
def run(options: CommonOptions) -> None:
    """Run the hub on DIR in the foreground until it is stopped (Ctrl-C, SIGTERM or remora-hub stop: exit code 0).

    SIGHUP reads the configuration again. Speaks with systemd where it is started by it: readiness, status, watchdog,
    socket activation.
    """
    run_hub(options)
