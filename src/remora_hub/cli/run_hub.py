"""``remora-hub run`` itself, without the command line's machinery: its import takes a sixth of a start."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from remora_hub.cli.common_options import CommonOptions
from remora_hub.daemon.early_start import EarlyStart, early_start
from remora_hub.errors import HubError

if TYPE_CHECKING:
    from remora_hub.config import HubConfig
    from remora_hub.paths import StatePaths

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def simple_command(arguments: Sequence[str]) -> int | None:
    """Run the hub as ``remora-hub run [DIR] [--state-dir DIR] [--set KEY=VALUE]... [-v]``; the exit code.

    None where ``arguments``, those behind ``run``, hold more than that, or a mistake: the command line knows better.
    """
    options = _read(arguments)
    if options is None:
        return None
    try:
        run_hub(options)
    except HubError as error:
        from remora_hub.cli.error_text import error_text

        sys.stderr.write(error_text(error) + "\n")
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def run_hub(options: CommonOptions) -> None:
    """Run the hub until it is stopped. Raises HubError."""
    config, paths = options.load_config().config, options.paths()
    with early_start(paths, config) as early:
        _run(options, paths, config, early)


def _run(options: CommonOptions, paths: StatePaths, config: HubConfig, early: EarlyStart) -> None:
    from setproctitle import setproctitle

    from remora_hub.cli.progress import ProgressReport
    from remora_hub.daemon.event_loop import run_loop
    from remora_hub.daemon.hub import Hub
    from remora_hub.daemon.last_resort import LONGEST_STOP_S, end_process_in
    from remora_hub.daemon.process import allow_many_descriptors
    from remora_hub.daemon.service_manager import ServiceManager
    from remora_hub.logs import configure_logs

    is_fork = sys.orig_argv[-len(sys.argv) + 1 :] != sys.argv[1:]
    if is_fork:  # of an editor's proxy: it goes by its own name
        setproctitle(os.fsencode(" ".join(sys.argv)).decode("utf-8", "replace"))
    allow_many_descriptors()
    configure_logs(config.logs.level, config.logs.format)
    manager = ServiceManager.take_over()

    async def main() -> None:
        hub = Hub(
            paths,
            config,
            load_config=lambda: options.load_config().config,
            manager=manager,
            on_stop=lambda: end_process_in(LONGEST_STOP_S, () if manager.listeners else (paths.socket,)),
            early=early,
        )
        with ProgressReport(config.index.progress) as report:
            await hub.run(lambda session: report.follow(session.cold_start.progress))

    run_loop(main)


def _read(arguments: Sequence[str]) -> CommonOptions | None:
    directory = state_dir = None
    is_verbose = False
    overrides: dict[str, str] = {}
    given = iter(arguments)
    for argument in given:
        if argument in ("-v", "--verbose"):
            is_verbose = True
        elif argument == "--set":
            key, equals, value = next(given, "").partition("=")
            if not key or not equals:
                return None
            overrides[key.strip()] = value.strip()
        elif argument == "--state-dir" and (named := next(given, "")):
            state_dir = Path(named)
        elif directory is None and argument and not argument.startswith("-"):
            directory = Path(argument)
        else:
            return None
    return CommonOptions(directory or Path(), state_dir, False, is_verbose, overrides)
