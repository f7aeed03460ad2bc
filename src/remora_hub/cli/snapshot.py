"""``remora-hub snapshot PATH``: a consistent copy in plain AgentFS layout."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite a file that is no snapshot.")
@finds_root
def snapshot(options: CommonOptions, path: Path, force: bool) -> None:
    """Write a consistent copy of the index to PATH that fsdantic and the agentfs-sdk open."""
    with hub_of(options) as hub:
        hub.sync()
    from remora_hub.store.snapshot import write_snapshot

    records = write_snapshot(options.paths().database, path.absolute(), force=force)
    if options.as_json:
        print_json({"path": str(path.absolute()), "records": records})
    else:
        print_line(f"{records} records written to {path}")
