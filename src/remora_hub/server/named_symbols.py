"""How clients name a symbol: by its node's key, or by a place in a file."""

from __future__ import annotations

import msgspec

from remora_hub.answers import Item, Place
from remora_hub.errors import UsageError
from remora_hub.query.definition import key_at
from remora_hub.query.index import Index
from remora_hub.query.outline import item
from remora_hub.query.source_file import SourceFile
from remora_hub.server.param_types import Column, Key, Line, Path


class SymbolParams(msgspec.Struct):
    """Either ``key``, or ``path`` and ``line``; ``column`` counts UTF-8 bytes."""

    key: Key | None = None
    path: Path | None = None
    line: Line | None = None
    column: Column = 0
    sync: bool = False


def place_or_key(index: Index, params: SymbolParams) -> Place | str:
    """What was named. Raises UsageError if the index has no such node or file, or nothing was named."""
    if params.key is not None:
        known_node(index, params.key)
        return params.key
    if params.path is None or params.line is None:
        raise UsageError("find a symbol", reason="neither a key is given nor a path and a line")
    known_file(index, params.path)
    return Place(params.path, params.line, params.column)


def key_of(index: Index, params: SymbolParams) -> str | None:
    """The key of the node that was named; None where the place names none. Raises UsageError as ``place_or_key``."""
    named = place_or_key(index, params)
    return key_at(index, named) if isinstance(named, Place) else named


def known_node(index: Index, key: str) -> tuple[SourceFile, str]:
    """A node's file, and the suffix of its key. Raises UsageError if there is no such node."""
    found = index.split_key(key)
    if found is None:
        raise UsageError("find", key, "no such node in the index")
    return found


def known_file(index: Index, path: str) -> SourceFile:
    """The file at ``path``. Raises UsageError if there is none."""
    file = index.file(path)
    if file is None:
        raise UsageError("find", path, "no such file in the index")
    return file


def item_of(index: Index, key: str) -> Item:
    """The node as answers show it. Raises UsageError if there is no such node."""
    file, suffix = known_node(index, key)
    return item(file, file.by_suffix[suffix])
