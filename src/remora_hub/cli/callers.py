"""``remora-hub callers SYMBOL``: who calls it."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import print_calls
from remora_hub.cli.naming import HELP, find_symbol, nothing_at, takes_symbol
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json
from remora_hub.cli.places import Places


@click.command(epilog=HELP)
@takes_symbol
@finds_root
def callers(options: CommonOptions, symbol: str, sync: bool) -> None:
    """List who calls SYMBOL: a line for each call, where it stands, and who calls. A ? marks what is only likely."""
    with hub_of(options) as hub:
        answer = hub.callers(find_symbol(hub, options, symbol, sync=sync), sync=sync)
    if answer.item is None:
        raise nothing_at(symbol)
    if options.as_json:
        print_json(answer)
    else:
        print_calls(Places(hub.root), answer.calls)
