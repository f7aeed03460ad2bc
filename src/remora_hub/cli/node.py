"""``remora-hub node KEY``: all that is known of one definition."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import ask
from remora_hub.cli.options import CommonOptions, finds_root
from remora_hub.cli.output import print_json, print_line


@click.command()
@click.argument("key")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def node(options: CommonOptions, key: str, sync: bool) -> None:
    """Show all that is known of the node KEY (node:PATH:QUALNAME, also without node:)."""
    key = key if key.startswith("node:") else f"node:{key}"
    answer = ask(options, "hub/node", {"key": key, "sync": sync})
    if options.as_json:
        print_json(answer)
        return
    for name, value in answer["node"].items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        print_line(f"{name:20} {shown}")
