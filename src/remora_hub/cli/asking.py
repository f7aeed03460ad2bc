"""How commands that read the index get their answer: from the daemon, or from the file, made fresh first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.client.client import Client
from remora_hub.client.link import Link
from remora_hub.client.local import Calls
from remora_hub.client.requests import Request
from remora_hub.client.results import Fresh
from remora_hub.paths import StatePaths
from remora_hub.terminal import printable


@contextmanager
def hub_of(options: CommonOptions) -> Iterator[Client]:
    """A client of the hub the options name; without a daemon, what is stale is indexed here, with progress.

    A person is told, on standard error, where the last answer was given with files still to be indexed. Questions raise
    NotRunningError where more than ``client.max_adhoc_files`` would have to be indexed.
    """

    def answer_here(paths: StatePaths, calls: Calls) -> list[Any]:
        config = options.load_config().config
        from remora_hub.cli.progress import ProgressReport
        from remora_hub.daemon.local_answers import answer_locally
        from remora_hub.logs import configure_logs

        configure_logs("warning" if config.logs.level == "info" else config.logs.level, config.logs.format)
        with ProgressReport(config.index.progress) as report:
            return answer_locally(paths, config, calls, report.follow)

    link = _AttentiveLink(options.paths(), local=answer_here)
    with Client(link) as client:
        yield client
    if link.pending and not options.as_json:
        click.echo(
            f"remora-hub: files still to be indexed: {link.pending}; wait with: remora-hub sync", err=True
        )
    if link.degraded and not options.as_json:
        click.echo(f"remora-hub: degraded: {printable(link.degraded)}", err=True)


class _AttentiveLink(Link):
    """Remembers how many files the latest answers were behind the disk, and what kept the hub from catching up."""

    pending = 0
    degraded: str | None = None

    def ask_all(self, requests: Sequence[Request[Any]]) -> list[Any]:
        answers = super().ask_all(requests)
        fresh = [answer for answer in answers if isinstance(answer, Fresh)]
        self.pending = max((answer.pending for answer in fresh), default=0)
        self.degraded = next((answer.degraded for answer in fresh if answer.degraded), None)
        return answers
