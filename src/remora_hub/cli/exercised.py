"""``remora-hub exercised SYMBOL``: what a test exercises."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import print_tests
from remora_hub.cli.naming import HELP, find_symbol, takes_symbol
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json
from remora_hub.cli.places import Places


@click.command(epilog=HELP)
@takes_symbol
@finds_root
def exercised(options: CommonOptions, symbol: str, sync: bool) -> None:
    """List the symbols that the test SYMBOL exercises: those it mentions first, then those it reaches through calls."""
    with hub_of(options) as hub:
        answer = hub.exercised(find_symbol(hub, options, symbol, sync=sync), sync=sync)
    if options.as_json:
        print_json(answer)
    else:
        print_tests(Places(hub.root), answer.symbols)
