"""What a file defines."""

from __future__ import annotations

from remora_hub.answers import Item
from remora_hub.model_names import module_name
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile


def outline(index: Index, path: str) -> list[Item]:
    """Every node of a file in source order, the module first; empty for a file that is unknown or was not understood.

    What stands in a class or function comes behind it, its range inside.
    """
    file = index.file(path)
    return [] if file is None else [item(file, node) for node in file.nodes]


def item(file: SourceFile, node: Node) -> Item:
    """A node as answers show it; a module has the name it is imported by."""
    return Item(
        key=file.key(node),
        name=module_name(file.path) if node.kind == "module" else node.name,
        kind=node.kind,
        qualname=node.qualname,
        path=file.path,
        range=node.range,
        name_range=file.name_range(node),
        signature=node.signature,
        docstring=node.docstring,
        is_test=node.is_test,
        is_async=node.is_async,
    )
