"""What of a definition its summary is made from, and the digest of that.

A function is summarized from its source. What holds others, a class or a module, is from its outline: the declarations
and first lines of docstrings in it, and the summaries of what those define. So a change inside of a function makes its
own summary stale and no other: neither that of its class and module, nor those of its callers, whose prompts hold its
summary. What a definition does to others shows in its signature, and that is in the outline; to have every change run
up through all callers would summarize half a program anew for each edit.
"""

from __future__ import annotations

from xxhash import xxh3_64_hexdigest

from remora_hub.query.definition import declaration_of
from remora_hub.query.file_facts import FileFacts, Node

KINDS = ("function", "method", "property", "class", "module")
"""What is summarized, in the order in which they are when each needs another: the inner before the outer."""
_HOLDERS = frozenset(("class", "module"))


def holds_others(node: Node) -> bool:
    """Whether it is summarized from its outline."""
    return node.kind in _HOLDERS


def members_of(file: FileFacts, node: Node) -> list[Node]:
    """What stands directly in a class or module, in source order."""
    container = "" if node.kind == "module" else node.qualname
    found = (one for same in file.members.get(container, {}).values() for one in same)
    return sorted((one for one in found if one.kind != "module"), key=lambda one: one.range)


def outline_of(file: FileFacts, node: Node) -> str:
    """A line for each member; empty for what has none."""
    return "\n".join(_line(member) for member in members_of(file, node))


def digest_of(file: FileFacts, node: Node) -> str:
    """Changes with what the summary is made from, of which the name is a part.

    A function may move with its file: the path is no part of it. Of classes and modules it is, for many look alike from
    outside, such as the commands of a framework.
    """
    if not holds_others(node):
        return xxh3_64_hexdigest(f"{node.digest} {node.qualname}".encode())
    head = [file.path, *node.decorators, node.qualname, node.signature, node.docstring or ""]
    return xxh3_64_hexdigest("\n".join([*head, outline_of(file, node)]).encode())


def _line(node: Node) -> str:
    declaration = declaration_of(node)
    return f"{declaration}  # {node.docstring}" if node.docstring else declaration
