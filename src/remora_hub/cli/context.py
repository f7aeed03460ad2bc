"""``remora-hub context KEY...``: what an agent has to know of some definitions."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.listing import described, line_of, mark, written_by
from remora_hub.cli.naming import HELP, find_key
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places
from remora_hub.client.context import MAX_BYTES, MOST_RELATIVES, NodeContext

_MOST = click.IntRange(0, 10_000)


@click.command(epilog=HELP)
@click.argument("symbols", metavar="SYMBOL...", nargs=-1, required=True)
@click.option("--source/--no-source", default=True, help="Whether to show the source on disk.")
@click.option("--relatives", default=MOST_RELATIVES, show_default=True, type=_MOST, help="Most of each kind.")
@click.option(
    "--max-bytes", default=MAX_BYTES, show_default=True, type=click.IntRange(1), help="Most of all, as JSON."
)
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def context(
    options: CommonOptions,
    symbols: tuple[str, ...],
    source: bool,
    relatives: int,
    max_bytes: int,
    sync: bool,
) -> None:
    """Show each SYMBOL with its source, what it calls, who calls it, and its tests."""
    with hub_of(options) as hub:
        keys = [find_key(hub, options, symbol, sync=sync) for symbol in symbols]
        answer = hub.get_context(
            keys,
            source=source,
            callees=relatives,
            callers=relatives,
            tests=relatives,
            max_bytes=max_bytes,
            sync=sync,
        )
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for found in answer.nodes:
        _print(places, found)


def _print(places: Places, found: NodeContext) -> None:
    node = found.node
    if node is None:
        print_line(f"{found.key.removeprefix('node:')}: {found.problem}")
        return
    line, column = node.name_at or node.range[:2]
    print_line(f"{places.shown(node.path, line, column)}: {node.kind.replace('_', ' ')} {node.qualname}")
    if node.summary is not None:
        print_line(f"  {written_by(node.summary)}")
    if found.is_stale:
        print_line("  stale: the source on disk is not what the index has seen")
    indentation = " " * node.range[1]  # the source begins behind it
    for text in (indentation + (found.source or "")).splitlines():
        print_line(f"    {text.expandtabs()}".rstrip())
    if found.is_cut:
        print_line("    ... (cut: see --max-bytes)")
    for call in found.callees:
        print_line("  " + line_of(places, call.item, f"{mark(call.certain)}calls"))
    for call in found.callers:
        print_line(f"  {places.of(call.places[0])}: {mark(call.certain)}called by {described(call.item)}")
    for test in found.tests:
        print_line("  " + line_of(places, test.item, "tested by"))
    if found.left_out:
        print_line(f"  {found.left_out} more")
    if found.problem:
        print_line(f"  {found.problem}")
