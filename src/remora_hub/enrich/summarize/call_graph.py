"""What a definition's summary can use: those of what it calls, or of what it holds."""

from __future__ import annotations

from collections.abc import Iterator

from remora_hub.enrich.summarize.own_text import KINDS, holds_others, members_of
from remora_hub.query.call_sites import calls_in
from remora_hub.query.calling import Calling
from remora_hub.query.file_facts import Node
from remora_hub.query.source_file import SourceFile


def below(calling: Calling, file: SourceFile, node: Node) -> list[tuple[SourceFile, Node]]:
    """The definitions below a node, each once, in source order: by binding, without guesses."""
    found: dict[str, tuple[SourceFile, Node]] = {}
    for other, callee in _members(file, node) if holds_others(node) else _called(calling, file, node):
        found.setdefault(other.key(callee), (other, callee))
    return list(found.values())


def _members(file: SourceFile, node: Node) -> Iterator[tuple[SourceFile, Node]]:
    return ((file, member) for member in members_of(file, node) if member.kind in KINDS)


def _called(calling: Calling, file: SourceFile, node: Node) -> Iterator[tuple[SourceFile, Node]]:
    for occurrence in calls_in(file, file.scope_of_node(node)):
        called, is_certain = calling.called(file, occurrence)
        for other, callee in called if is_certain else ():
            # That it makes another of its own class, or calls itself, says nothing of what it does.
            if other.path != file.path or not f"{node.qualname}.".startswith(f"{callee.qualname}."):
                yield other, callee
