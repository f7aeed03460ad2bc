"""``remora-hub changes``: what changed since a sequence number."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import ask
from remora_hub.cli.options import CommonOptions, finds_root
from remora_hub.cli.output import print_json, print_line


@click.command()
@click.option("--since", default=0, show_default=True, type=click.IntRange(min=0), help="Sequence number.")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="Most commits."
)
@finds_root
def changes(options: CommonOptions, since: int, limit: int) -> None:
    """List the nodes added, changed, moved and removed since a sequence number, commit by commit."""
    answer = ask(options, "hub/changes", {"since": since, "limit": limit})
    if options.as_json:
        print_json(answer)
        return
    if answer["rescan"]:
        oldest, sequence = answer["rescan"]["oldest"], answer["rescan"]["sequence"]
        print_line(
            f"The feed reaches back to {oldest} and ends at {sequence}: read everything again from there."
        )
    for commit in answer["commits"]:
        for change in commit["changes"]:
            source = f" (from {change['from_key']})" if change.get("from_key") else ""
            print_line(f"{commit['seq']:8} {change['kind']:8} {change['key']}{source}")
