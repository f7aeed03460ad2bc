"""``remora-hub hover SYMBOL``: its declaration and documentation."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import mark, written_by
from remora_hub.cli.naming import HELP, find_symbol, nothing_at, takes_symbol
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places


@click.command(epilog=HELP)
@takes_symbol
@finds_root
def hover(options: CommonOptions, symbol: str, sync: bool) -> None:
    """Show the declaration and documentation of SYMBOL, where it is defined and how many call it."""
    with hub_of(options) as hub:
        answer = hub.hover(find_symbol(hub, options, symbol, sync=sync), sync=sync)
    shown = answer.hover
    if shown is None:
        raise nothing_at(symbol)
    if options.as_json:
        print_json(answer)
        return
    certain = mark(shown.definition.certain)
    print_line(f"{Places(hub.root).of(shown.definition)}: {certain}{shown.declaration}")
    for line in (shown.docstring or "").splitlines():
        print_line(f"    {line}".rstrip())
    if shown.summary is not None:
        print_line(f"    {written_by(shown.summary)}")
    if shown.callers is not None:
        print_line(f"    called by {shown.callers}")
