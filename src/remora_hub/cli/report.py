"""``remora-hub report NAME``: lists over the whole project."""

from __future__ import annotations

from typing import cast

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import line_of
from remora_hub.cli.naming import path_in_root
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places
from remora_hub.client.requests import ReportName


@click.command()
@click.argument("name", type=click.Choice(["unused", "most-called"]))
@click.option("--path", metavar="DIR", help="Only what is defined below DIR (or in a file).")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Most results.")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def report(options: CommonOptions, name: str, path: str | None, limit: int, sync: bool) -> None:
    """List the symbols nothing seems to use (unused: candidates), or those called most often (most-called)."""
    with hub_of(options) as hub:
        under = path_in_root(options, path) if path else None
        answer = hub.report(
            cast(ReportName, name.replace("-", "_")),
            path=None if under == "." else under,
            limit=limit,
            sync=sync,
        )
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for found in answer.report:
        label = f"{found.count} calls," if name == "most-called" else ""
        reason = f" ({found.reason})" if found.reason else ""
        print_line(line_of(places, found.item, label) + reason)
