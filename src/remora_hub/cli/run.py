"""``remora-hub run``: the hub in the foreground."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.options import CommonOptions, takes_root


@click.command()
@takes_root
def run(options: CommonOptions) -> None:
    """Run the hub on DIR in the foreground until it is stopped (Ctrl-C, SIGTERM or remora-hub stop: exit code 0)."""
    config = options.load_config().config
    from remora_hub.cli.progress import ProgressReport
    from remora_hub.daemon.event_loop import run_loop
    from remora_hub.daemon.hub import Hub
    from remora_hub.logs import configure_logs

    configure_logs(config.logs.level, config.logs.format)
    paths = options.paths()

    async def main() -> None:
        hub = Hub(paths, config)
        with ProgressReport(config.index.progress) as report:
            await hub.run(lambda session: report.follow(session.cold_start.progress))

    run_loop(main)
