"""What users name symbols by: a place, a key or a name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rich_click as click

from remora_hub.answers import Place, Symbol
from remora_hub.cli.common_options import CommonOptions
from remora_hub.client.client import Client
from remora_hub.errors import UsageError
from remora_hub.source_text import read_lines

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})(?::(?P<column>[0-9]{1,9}))?")
_MOST_LISTED = 10
_MOST_OF_ONE_NAME = 200

HELP = "SYMBOL is FILE:LINE[:COL], a key FILE:QUALNAME, or a name that only one symbol has."


def takes_symbol(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument ``symbol`` and the option ``sync``."""
    sync = click.option("--sync", is_flag=True, help="Wait until the index equals the disk first.")
    return click.argument("symbol")(sync(command))


def path_in_root(options: CommonOptions, file: str | Path) -> str:
    """``file``, from the current directory or else from the root, relative to the root, with ``/``.

    Raises UsageError for one outside the root.
    """
    root = options.root()
    absolute = Path(os.path.abspath(file))
    if not absolute.exists() and not os.path.isabs(file):
        absolute = Path(os.path.normpath(root / file))
    # The last part is not followed: a link is not indexed under the name of what it leads to.
    real = absolute.resolve() if absolute.is_dir() else absolute.parent.resolve() / absolute.name
    try:
        return real.relative_to(root).as_posix()
    except ValueError:
        raise UsageError("find", str(file), f"it is not below the root {root}") from None


def find_symbol(hub: Client, options: CommonOptions, named: str, *, sync: bool) -> str | Place:
    """The key or the place that ``named`` stands for. Raises UsageError where there is none, or more than one."""
    if named.startswith("node:"):
        return named
    if place := _PLACE.fullmatch(named):
        return _place(hub, options, named, place, sync=sync)
    file, colon, qualname = named.rpartition(":")
    if colon:
        return f"node:{path_in_root(options, file)}:{qualname}"
    if named.endswith((".py", ".pyi")):
        return f"node:{path_in_root(options, named)}:<module>"
    return _only_one(named, hub.symbols(named, limit=_MOST_OF_ONE_NAME, sync=sync).symbols)


def find_key(hub: Client, options: CommonOptions, named: str, *, sync: bool) -> str:
    """The key of the node that ``named`` stands for. Raises UsageError."""
    found = find_symbol(hub, options, named, sync=sync)
    if isinstance(found, str):
        return found
    for definition in hub.definition(found).definitions:
        if definition.key is not None:
            return definition.key
    raise nothing_at(named)


def nothing_at(named: str) -> UsageError:
    """The error for a place that names nothing."""
    return UsageError("find a symbol at", named, "nothing is known of what stands there")


def _place(
    hub: Client, options: CommonOptions, named: str, match: re.Match[str], *, sync: bool
) -> str | Place:
    path, line = path_in_root(options, match["file"]), int(match["line"])
    lines = read_lines(options.root(), path)
    try:
        source = lines.line(line)
    except IndexError:
        count = lines.count if lines.line(lines.count) else lines.count - 1
        raise UsageError("find", named, f"{path} has {count} lines") from None
    if match["column"] is None:
        declared = [
            node
            for node in hub.outline(path, sync=sync).nodes[1:]
            if _name_line(node.name_at, node.line) == line
        ]
        return declared[0].key if declared else Place(path, line, len(source) - len(source.lstrip()))
    text, column = source.decode("utf-8", "replace"), int(match["column"])
    if not 1 <= column <= len(text) + 1:
        raise UsageError("find", named, f"line {line} has {len(text)} columns")
    return Place(path, line, len(text[: column - 1].encode()))


def _name_line(name_at: tuple[int, int] | None, line: int) -> int:
    return name_at[0] if name_at else line


def _only_one(named: str, found: list[Symbol]) -> str:
    same = [symbol for symbol in found if _is_named(symbol, named)]
    if not same:
        nearest = f"did you mean {found[0].key.removeprefix('node:')}" if found else "see remora-hub symbols"
        raise UsageError("find", named, "no symbol has this name", nearest)
    if len(same) > 1:
        listed = [f"{symbol.path}:{symbol.line} {symbol.qualname}" for symbol in same[:_MOST_LISTED]]
        rest = f" and {len(same) - _MOST_LISTED} more" if len(same) > _MOST_LISTED else ""
        reason = f"{len(same)} symbols have this name: {', '.join(listed)}{rest}"
        raise UsageError("tell which is", named, reason, "name one of them as FILE:LINE or FILE:QUALNAME")
    return same[0].key


def _is_named(symbol: Symbol, named: str) -> bool:
    return named in (symbol.name, symbol.qualname) or symbol.qualname.endswith(f".{named}")
