"""``remora-hub changes``: what changed since a sequence number."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.results import Changes


@click.command()
@click.option("--since", default=0, show_default=True, type=click.IntRange(min=0), help="Sequence number.")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="Most commits."
)
@finds_root
def changes(options: CommonOptions, since: int, limit: int) -> None:
    """List the nodes added, changed, moved and removed since a sequence number, commit by commit.

    The last line says which number to go on from. A feed that does not reach back so far says so: everything has to be
    read again (rescan). With --json: commits, rescan (null, or the oldest number known), more, sequence, index_id.
    """
    with hub_of(options) as hub:
        answer = hub.changes(since, limit=limit)
    if options.as_json:
        print_json(answer)
    else:
        _print(answer, since)


def _print(answer: Changes, since: int) -> None:
    if answer.rescan is not None:
        oldest, sequence = answer.rescan.oldest, answer.rescan.sequence
        print_line(
            f"Nothing is known of changes before {oldest}: read all again, then go on from {sequence}."
        )
        return
    for commit in answer.commits:
        for change in commit.changes:
            source = f" (from {change.from_key})" if change.from_key else ""
            print_line(f"{commit.seq:8} {change.kind:8} {change.key}{source}")
        touched = {change.key.removeprefix("node:").rpartition(":")[0] for change in commit.changes}
        for path in commit.files:
            if path not in touched:
                print_line(f"{commit.seq:8} {'file':8} {path}")
    reached = answer.commits[-1].seq if answer.commits else since
    print_line(f"Go on from {reached}" + (f", of {answer.sequence}." if answer.more else "."))
