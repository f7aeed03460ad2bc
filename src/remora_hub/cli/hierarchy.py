"""``remora-hub hierarchy SYMBOL``: a class or method among its relatives."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import line_of
from remora_hub.cli.naming import HELP, find_symbol, nothing_at, takes_symbol
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places


@click.command(epilog=HELP)
@takes_symbol
@finds_root
def hierarchy(options: CommonOptions, symbol: str, sync: bool) -> None:
    """List the bases and subclasses of the class SYMBOL; of a method, what it overrides and what overrides it."""
    with hub_of(options) as hub:
        answer = hub.hierarchy(find_symbol(hub, options, symbol, sync=sync), sync=sync)
    found = answer.hierarchy
    if found is None:
        raise nothing_at(symbol)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    above, below = ("base", "subclass") if found.item.kind == "class" else ("overrides", "overridden by")
    for item in reversed(found.supertypes):  # as the lines of a tree: the farthest on top
        print_line(line_of(places, item, above))
    print_line(line_of(places, found.item))
    for item in found.subtypes:
        print_line(line_of(places, item, below))
