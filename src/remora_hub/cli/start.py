"""``remora-hub start``: the hub in the background."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import takes_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.client.start import start_daemon
from remora_hub.errors import AlreadyRunningError, NotRunningError
from remora_hub.launch import LOG_FILE
from remora_hub.paths import StatePaths


@click.command()
@takes_root
def start(options: CommonOptions) -> None:
    """Start the hub on DIR in the background and wait until it answers."""
    paths = options.paths()
    try:
        with BlockingClient.connect(paths) as client:
            raise AlreadyRunningError(str(paths.root), client.call("hub/status")["pid"])
    except NotRunningError:
        pass
    status = start_with(options, paths)
    if options.as_json:
        print_json({"pid": status["pid"], "socket": status["socket"]})
    else:
        print_line(
            f"The hub of {paths.root} runs as process {status['pid']}; its log is {paths.state_dir / LOG_FILE}"
        )


def start_with(options: CommonOptions, paths: StatePaths) -> dict[str, object]:
    """Start the daemon with the options of this command; its status. Raises HubError as ``start_daemon``."""
    timeout_s = options.load_config().config.client.start_timeout_s
    passed_on = ["--verbose"] if options.verbose else []
    for key, value in options.overrides.items():
        passed_on += ["--set", f"{key}={value}"]
    return start_daemon(paths, passed_on, timeout_s=timeout_s)
