"""``remora-hub importers MODULE``: who imports it."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.naming import path_in_root
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places


@click.command()
@click.argument("module")
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def importers(options: CommonOptions, module: str, sync: bool) -> None:
    """List the imports of MODULE (a file, or a dotted name) or of a name from it."""
    with hub_of(options) as hub:
        if module.endswith((".py", ".pyi")):
            answer = hub.importers(path=path_in_root(options, module), sync=sync)
        else:
            answer = hub.importers(module=module, sync=sync)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for found in answer.importers:
        names = f": {', '.join(found.names)}" if found.names else ""
        checking = " (type checking only)" if found.type_checking else ""
        print_line(f"{places.of(found)}: {found.module}{names}{checking}")
