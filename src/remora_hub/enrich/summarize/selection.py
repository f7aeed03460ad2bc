"""Which definitions are summarized."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from remora_hub.enrich.summarize.own_text import KINDS, holds_others, members_of
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.path_filter import path_filter
from remora_hub.query.source_file import SourceFile
from remora_hub.store.keys import split_node_key


@dataclass(frozen=True, slots=True)
class Selection:
    """``path`` is a directory, file or glob; ``keys``, where there are any, are those of the nodes to look at.

    Unless ``private``, what others use: neither what is not exported (by its name, by ``__all__``, or as it stands in a
    function) nor tests. Those are read less, change more, and would double the price. Files and classes without any
    definition in them have nothing to be summarized from.
    """

    path: str = ""
    kinds: frozenset[str] = frozenset(KINDS)
    private: bool = False
    keys: frozenset[str] | None = None


def selected(index: Index, selection: Selection) -> Iterator[tuple[SourceFile, Node]]:
    """The nodes, file by file in the order of paths."""
    is_wanted = path_filter(selection.path)
    suffixes = None if selection.keys is None else _by_path(selection.keys)
    for path in index.paths() if suffixes is None else sorted(suffixes):
        file = index.file(path) if is_wanted(path) else None
        if file is None:
            continue
        is_test = file.nodes[0].is_test
        for node in file.nodes:
            if suffixes is not None and node.suffix not in suffixes[path]:
                continue
            if node.kind not in selection.kinds or (holds_others(node) and not members_of(file, node)):
                continue
            if selection.private or (node.is_exported and not (is_test or node.is_test)):
                yield file, node


def _by_path(keys: frozenset[str]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for key in keys:
        path, suffix = split_node_key(key) or ("", "")
        found[path].add(suffix)
    return found
