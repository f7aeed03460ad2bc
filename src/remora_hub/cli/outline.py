"""``remora-hub outline FILE``: the definitions in a file."""

from __future__ import annotations

import os
from pathlib import Path

import rich_click as click

from remora_hub.cli.asking import ask
from remora_hub.cli.options import CommonOptions, finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.errors import UsageError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def outline(options: CommonOptions, file: Path, sync: bool) -> None:
    """List the definitions in FILE (relative to the current directory, or to the root)."""
    answer = ask(options, "hub/outline", {"path": path_in_root(options, file), "sync": sync})
    if options.as_json:
        print_json(answer)
        return
    for node in answer["nodes"]:
        depth = node["qualname"].count(".") if node["kind"] != "module" else -1
        signature = node["signature"] if node["kind"] in ("function", "method", "property", "class") else ""
        place = f"{answer['path']}:{node['line']}:{node['range'][1] + 1}"
        print_line(f"{place}: {'  ' * (depth + 1)}{node['kind']} {node['name']}{signature}")


def path_in_root(options: CommonOptions, file: Path) -> str:
    """``file`` relative to the root, with ``/``. Raises UsageError for one outside it."""
    root = options.root()
    absolute = Path(os.path.abspath(file))
    if not absolute.exists() and not file.is_absolute():
        absolute = Path(os.path.normpath(root / file))
    try:
        return absolute.resolve().relative_to(root).as_posix()
    except ValueError:
        raise UsageError("find", str(file), f"it is not below the root {root}") from None
