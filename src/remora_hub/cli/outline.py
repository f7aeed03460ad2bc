"""``remora-hub outline FILE``: the definitions in a file."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from remora_hub.answers import NodeRecord
from remora_hub.cli.asking import hub_of
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.naming import path_in_root
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.places import Places

_LONGEST_DECLARATION = 100


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
@finds_root
def outline(options: CommonOptions, file: Path, sync: bool) -> None:
    """List the definitions in FILE (relative to the current directory, or to the root)."""
    with hub_of(options) as hub:
        answer = hub.outline(path_in_root(options, file), sync=sync)
    if options.as_json:
        print_json(answer)
        return
    places = Places(hub.root)
    for node in answer.nodes:
        _, column = node.name_at or node.range[:2]
        print_line(f"{places.shown(node.path, node.line, column)}: {_declaration(node)}")
    found = answer.file
    if found.status != "indexed":
        print_line(f"{places.path(answer.path)}: {found.status}: {found.detail}")
    for problem in found.problems:
        place = places.shown(answer.path, problem["line"], problem.get("column", 0))
        print_line(f"{place}: {problem['kind']}: {problem['message']}")


def _declaration(node: NodeRecord) -> str:
    """Indented by depth: the kind, and the name as it is declared."""
    if node.kind == "module":
        return f"module {node.name}"
    is_called = node.kind in ("function", "method", "property", "class")
    signature = node.signature if is_called or node.signature.startswith(":") else f" {node.signature}"
    declared = f"{node.name}{signature}".rstrip()
    if len(declared) > _LONGEST_DECLARATION:
        declared = declared[: _LONGEST_DECLARATION - 3] + "..."
    depth = node.qualname.count(".") + 1
    return f"{'  ' * depth}{'async ' if node.is_async else ''}{node.kind.replace('_', ' ')} {declared}"
