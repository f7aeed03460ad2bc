"""``remora-hub outline FILE``: the definitions in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import rich_click as click

from remora_hub.cli.asking import ask
from remora_hub.cli.options import CommonOptions, finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.errors import UsageError

_LONGEST_DECLARATION = 100


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
        print_line(f"{answer['path']}:{node['line']}:{node['name_at'][1] + 1}: {_declaration(node)}")
    found = answer["file"]
    if found["status"] != "indexed":
        print_line(f"{answer['path']}: {found['status']}: {found['detail']}")
    for problem in found["problems"]:
        place = f"{answer['path']}:{problem['line']}:{problem.get('column', 0) + 1}"
        print_line(f"{place}: {problem['kind']}: {problem['message']}")


def _declaration(node: dict[str, Any]) -> str:
    """Indented by depth: the kind, and the name as it is declared."""
    if node["kind"] == "module":
        return f"module {node['name']}"
    is_called = node["kind"] in ("function", "method", "property", "class")
    signature = (
        node["signature"] if is_called or node["signature"].startswith(":") else f" {node['signature']}"
    )
    declared = f"{node['name']}{signature}".rstrip()
    if len(declared) > _LONGEST_DECLARATION:
        declared = declared[: _LONGEST_DECLARATION - 3] + "..."
    depth = node["qualname"].count(".") + 1
    return f"{'  ' * depth}{'async ' if node['is_async'] else ''}{node['kind'].replace('_', ' ')} {declared}"


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
