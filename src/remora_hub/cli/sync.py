"""``remora-hub sync``: wait until the index equals the disk."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line


@click.command()
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.001, 86_400),
    help="Longest wait, in seconds; default: server.sync_timeout_s of the hub.",
)
@finds_root
def sync(options: CommonOptions, timeout_s: float | None) -> None:
    """Wait until everything on disk is in the index. Exit code 75 if that takes too long."""
    with hub_of(options) as hub:
        answer = hub.sync(timeout_s)
    if options.as_json:
        print_json(answer)
    else:
        print_line(f"The index is up to date at sequence {answer.sequence}.")
