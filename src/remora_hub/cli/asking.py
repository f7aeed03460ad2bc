"""How commands that read the index get their answer: from the daemon, or from the file, made fresh first."""

from __future__ import annotations

from typing import Any

from remora_hub.cli.options import CommonOptions
from remora_hub.client.client import Client
from remora_hub.client.link import Link
from remora_hub.client.local import Calls
from remora_hub.paths import StatePaths


def hub_of(options: CommonOptions) -> Client:
    """A client of the hub the options name; without a daemon, what is stale is indexed here, with progress.

    Its questions raise NotRunningError where more than ``client.max_adhoc_files`` would have to be indexed.
    """

    def answer_here(paths: StatePaths, calls: Calls) -> list[Any]:
        config = options.load_config().config
        from remora_hub.cli.progress import ProgressReport
        from remora_hub.daemon.local_answers import answer_locally
        from remora_hub.logs import configure_logs

        configure_logs("warning" if config.logs.level == "info" else config.logs.level, config.logs.format)
        with ProgressReport(config.index.progress) as report:
            return answer_locally(paths, config, calls, report.follow)

    return Client(Link(options.paths(), local=answer_here))
