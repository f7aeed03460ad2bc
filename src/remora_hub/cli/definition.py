"""``remora-hub definition SYMBOL``: where it is defined."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import mark
from remora_hub.cli.naming import HELP, find_symbol, nothing_at, takes_symbol
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places


@click.command(epilog=HELP)
@takes_symbol
@finds_root
def definition(options: CommonOptions, symbol: str, sync: bool) -> None:
    """Show where SYMBOL is defined. A ? marks candidates: it may be any of them, the likeliest first."""
    with hub_of(options) as hub:
        answer = hub.definition(find_symbol(hub, options, symbol, sync=sync), sync=sync)
    if not answer.definitions:
        raise nothing_at(symbol)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for found in answer.definitions:
        shown = found.detail or f"{found.kind.replace('_', ' ')} {found.name}"
        print_line(f"{places.of(found)}: {mark(found.certain)}{shown}")
