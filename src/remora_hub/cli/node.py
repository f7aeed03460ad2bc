"""``remora-hub node KEY``: all that is known of one definition."""

from __future__ import annotations

import rich_click as click
from msgspec import to_builtins

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import written_by
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line


@click.command()
@click.argument("key")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def node(options: CommonOptions, key: str, sync: bool) -> None:
    """Show all that is known of the node KEY (node:PATH:QUALNAME, also without node:)."""
    with hub_of(options) as hub:
        answer = hub.node(key, sync=sync)
    if options.as_json:
        print_json(answer)
        return
    for name, value in to_builtins(answer.node).items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        if name != "summary":
            print_line(f"{name:20} {shown}")
    if answer.node.summary is not None:
        print_line(f"{'summary':20} {written_by(answer.node.summary)}")
