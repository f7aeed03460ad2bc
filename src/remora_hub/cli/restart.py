"""``remora-hub restart``: stop, then start."""

from __future__ import annotations

from contextlib import suppress

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.start import start_with
from remora_hub.cli.stop import stop_daemon
from remora_hub.errors import NotRunningError


@click.command()
@finds_root
def restart(options: CommonOptions) -> None:
    """Stop the hub, if it runs, and start it again with the options given here."""
    paths = options.paths()
    with suppress(NotRunningError):  # then it is only started
        stop_daemon(paths)
    status = start_with(options, paths)
    if options.as_json:
        print_json({"pid": status["pid"], "socket": status["socket"]})
    else:
        print_line(f"The hub of {paths.root} runs as process {status['pid']}.")
