"""``remora-hub symbols QUERY``: find symbols by name."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places


@click.command()
@click.argument("query")
@click.option("--kind", help="Only this kind: class, function, method, ...")
@click.option(
    "--path", metavar="GLOB", help="Only in this file, below this directory, or where the glob fits."
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Most results.")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def symbols(
    options: CommonOptions, query: str, kind: str | None, path: str | None, limit: int, sync: bool
) -> None:
    """Find symbols whose name matches QUERY: exactly, as a prefix, a part, or letters in order."""
    with hub_of(options) as hub:
        answer = hub.symbols(query, kind=kind, path=path, limit=limit, sync=sync)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for symbol in answer.symbols:
        name = symbol.name if symbol.kind == "module" else symbol.qualname
        place = places.shown(symbol.path, symbol.line, symbol.column)
        print_line(f"{place}: {symbol.kind.replace('_', ' ')} {name}")
