"""``remora-hub run``: the hub in the foreground."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.options import CommonOptions, takes_root


@click.command()
@takes_root
def run(options: CommonOptions) -> None:
    """Run the hub on DIR in the foreground until it is stopped (Ctrl-C, SIGTERM or remora-hub stop: exit code 0).

    SIGHUP reads the configuration again. Speaks with systemd where it is started by it: readiness, status, watchdog,
    socket activation.
    """
    config = options.load_config().config
    from remora_hub.cli.progress import ProgressReport
    from remora_hub.daemon.event_loop import run_loop
    from remora_hub.daemon.hub import Hub
    from remora_hub.daemon.last_resort import LONGEST_STOP_S, end_process_in
    from remora_hub.daemon.process import allow_many_descriptors
    from remora_hub.daemon.service_manager import ServiceManager
    from remora_hub.logs import configure_logs

    allow_many_descriptors()
    configure_logs(config.logs.level, config.logs.format)
    paths = options.paths()
    manager = ServiceManager.take_over()

    async def main() -> None:
        hub = Hub(
            paths,
            config,
            load_config=lambda: options.load_config().config,
            manager=manager,
            on_stop=lambda: end_process_in(LONGEST_STOP_S, () if manager.listeners else (paths.socket,)),
        )
        with ProgressReport(config.index.progress) as report:
            await hub.run(lambda session: report.follow(session.cold_start.progress))

    run_loop(main)
