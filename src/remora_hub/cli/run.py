"""``remora-hub run``: the hub in the foreground."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import rich_click as click

from remora_hub.cli.options import CommonOptions, takes_root
from remora_hub.errors import HubError


@click.command()
@takes_root
def run(options: CommonOptions) -> None:
    """Run the hub on DIR in the foreground until it is stopped (Ctrl-C, SIGTERM or remora-hub stop: exit code 0)."""
    config = options.load_config().config
    from remora_hub.cli.progress import ProgressReport
    from remora_hub.daemon.hub import Hub
    from remora_hub.logs import configure_logs

    configure_logs(config.logs.level, config.logs.format)
    paths = options.paths()

    async def main() -> None:
        hub = Hub(paths, config)
        with ProgressReport(config.index.progress) as report:
            await hub.run(lambda session: report.follow(session.cold_start.progress))

    run_loop(main)


def run_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function on the fastest event loop that is installed.

    Of an exception group that holds errors of the hub's, raises the first of those.
    """
    run: Callable[[Coroutine[Any, Any, None]], None]
    try:
        from uvloop import run
    except ImportError:  # an extra
        from asyncio import run
    try:
        run(main())
    except BaseExceptionGroup as group:
        ours = group.subgroup(HubError)
        if ours is None:
            raise
        raise next(_leaves(ours)) from group


def _leaves(group: BaseExceptionGroup[HubError]) -> Iterator[HubError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
