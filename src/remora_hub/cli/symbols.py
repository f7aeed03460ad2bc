"""``remora-hub symbols QUERY``: find symbols by name."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import ask
from remora_hub.cli.options import CommonOptions, finds_root
from remora_hub.cli.output import print_json, print_line


@click.command()
@click.argument("query")
@click.option("--kind", help="Only this kind: class, function, method, ...")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Most results.")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def symbols(options: CommonOptions, query: str, kind: str | None, limit: int, sync: bool) -> None:
    """Find symbols whose name matches QUERY: exactly, as a prefix, a part, or letters in order."""
    answer = ask(options, "hub/symbols", {"query": query, "kind": kind, "limit": limit, "sync": sync})
    if options.as_json:
        print_json(answer)
        return
    for symbol in answer["symbols"]:
        place = f"{symbol['path']}:{symbol['line']}:{symbol['column'] + 1}"
        name = symbol["name"] if symbol["kind"] == "module" else symbol["qualname"]
        print_line(f"{place}: {symbol['kind'].replace('_', ' ')} {name}")
