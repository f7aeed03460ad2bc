"""``remora-hub references SYMBOL``: where it is mentioned."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import mark
from remora_hub.cli.naming import HELP, find_symbol, takes_symbol
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places


@click.command(epilog=HELP)
@click.option(
    "--definition/--no-definition", default=True, help="Whether the definition itself is listed, too."
)
@click.option(
    "--limit", default=10_000, show_default=True, type=click.IntRange(1, 100_000), help="Most results."
)
@takes_symbol
@finds_root
def references(options: CommonOptions, symbol: str, sync: bool, definition: bool, limit: int) -> None:
    """List the places that mention SYMBOL, each with its line of source. A ? marks those that only may mean it."""
    with hub_of(options) as hub:
        subject = find_symbol(hub, options, symbol, sync=sync)
        answer = hub.references(subject, include_definition=definition, limit=limit, sync=sync)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for found in answer.references:
        print_line(f"{places.of(found)}: {mark(found.certain)}{places.text(found.path, found.line)}")
    if answer.more:
        print_line(f"There are more than {limit}: see --limit.")
