"""``remora-hub reload``: have the running hub read its configuration again."""

from __future__ import annotations

from typing import Any

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient


@click.command()
@finds_root
def reload(options: CommonOptions) -> None:
    """Have the running hub read its configuration again. If it is wrong (exit code 78), the old one stays in force.

    Options of this command are not handed on: the hub keeps those it was started with.
    """
    with BlockingClient.connect(options.paths()) as client:
        report = client.call("hub/reload")
    if options.as_json:
        print_json(report)
        return
    if not report["applied"] and not report["needs_restart"]:
        print_line("Nothing has changed.")
    _print("applied", report["applied"])
    _print("needs a restart", report["needs_restart"])


def _print(what: str, changes: dict[str, Any]) -> None:
    for name, change in changes.items():
        print_line(f"{what}: {name} from {change['from']} to {change['to']}")
