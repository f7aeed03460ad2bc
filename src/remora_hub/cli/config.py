"""``remora-hub config show``: each value and where it was written."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_table, to_json


@click.group()
def config() -> None:
    """Show the configuration."""


@config.command()
@finds_root
def show(options: CommonOptions) -> None:
    """Print each value and where it comes from.

    Sources, the first wins: command line (--set), environment (REMORA_HUB_*), remora-hub.toml or [tool.remora-hub] in
    the root's pyproject.toml, the user's config.toml, the defaults.
    """
    loaded = options.load_config()
    from remora_hub.config import values_by_name  # loaded by now

    values = values_by_name(loaded.config)
    if options.as_json:
        print_json({name: {"value": value, "origin": loaded.origins[name]} for name, value in values.items()})
    else:
        rows = ((name, loaded.origins[name], to_json(value).decode()) for name, value in values.items())
        print_table(["key", "origin", "value"], rows)
