"""``remora-hub export``: every record, one a line."""

from __future__ import annotations

import sys

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True, help="Output form."
)
@finds_root
def export(options: CommonOptions, form: str) -> None:  # noqa: ARG001 - one form so far; named, so that scripts may say it
    """Print every node as one line of JSON, sorted by key, without versions and times: equal indexes print the same."""
    with hub_of(options) as hub:
        hub.sync()
    import msgspec

    from remora_hub.query.records import node_record
    from remora_hub.store.reader import Reader

    encoder = msgspec.json.Encoder()
    reader = Reader(options.paths().database)
    line = bytearray()
    try:
        for key, body in reader.export_rows():
            encoder.encode_into(node_record(key, body), line)
            line += b"\n"
            sys.stdout.buffer.write(line)
    finally:
        reader.close()
    sys.stdout.buffer.flush()
