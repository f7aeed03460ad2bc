"""``remora-hub search "where are retries configured"``: find code by what it does."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places
from remora_hub.terminal import printable


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--kind", help="Only this kind: module, class, function, method or property.")
@click.option(
    "--path", metavar="GLOB", help="Only in this file, below this directory, or where the glob fits."
)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100_000), help="Most results.")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def search(
    options: CommonOptions,
    question: tuple[str, ...],
    kind: str | None,
    path: str | None,
    limit: int,
    sync: bool,
) -> None:
    """Find the definitions that answer QUESTION best, with scores, and why: meaning, name or text.

    By meaning once they are embedded (remora-hub enrich embed), by names and text in any case.
    """
    with hub_of(options) as hub:
        answer = hub.search(" ".join(question), kind=kind, path=path, limit=limit, sync=sync)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for hit in answer.hits:
        name = hit.name if hit.kind == "module" else hit.qualname
        place = places.shown(hit.path, hit.line, hit.column)
        said = f": {hit.docstring}" if hit.docstring else ""
        print_line(f"{place}: {hit.kind} {name} {hit.score:.2f} ({', '.join(hit.reasons)}){said}")
    if answer.note:
        click.echo(f"remora-hub: {printable(answer.note)}", err=True)
