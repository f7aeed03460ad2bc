"""What is kept of one file, unpacked: its nodes, imports and code."""

from __future__ import annotations

from functools import cached_property

import msgspec

from remora_hub.answers import Range
from remora_hub.compression import NODES
from remora_hub.store.keys import node_key
from remora_hub.syntax.code_text import CodeText

_FUNCTIONS = frozenset(("function", "method", "property"))


class Node(msgspec.Struct, gc=False):
    """The part of a node's record that questions need; ``suffix`` is that of its key."""

    kind: str
    qualname: str
    range: Range
    digest: str
    name_at: tuple[int, int] | None = None
    ordinal: int = 1
    signature: str = ""
    docstring: str | None = None
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    is_async: bool = False
    is_test: bool = False
    is_exported: bool = True

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualname.rpartition(".")[2]

    @property
    def suffix(self) -> str:
        """The key without ``node:{path}:``."""
        return self.qualname if self.ordinal == 1 else f"{self.qualname}#{self.ordinal}"

    @property
    def is_function(self) -> bool:
        """Whether it is made by ``def``."""
        return self.kind in _FUNCTIONS


class ImportStatement(msgspec.Struct, frozen=True, gc=False):
    """As ``model.ImportStatement``, in the stored form."""

    line: int
    names: tuple[str, ...]
    module: str = ""
    level: int = 0
    type_checking: bool = False


class _Record(msgspec.Struct):
    imports: list[ImportStatement] = []
    exports: list[str] | None = None


_decode_nodes = msgspec.json.Decoder(Node).decode_lines
_decode_record = msgspec.json.Decoder(_Record).decode


class FileFacts:
    """The facts of one file at one moment, each unpacked when first asked for."""

    def __init__(self, path: str, nodes: bytes, code: bytes, record: str) -> None:
        self.path = path
        self._packed_nodes = nodes
        self._packed_code = code
        self._packed_record = record

    @cached_property
    def code(self) -> CodeText:
        """Its mask, and positions in it."""
        return CodeText(self._packed_code)

    @cached_property
    def nodes(self) -> list[Node]:
        """In source order; the module is the first."""
        return _decode_nodes(NODES.decompress(self._packed_nodes))

    @cached_property
    def by_suffix(self) -> dict[str, Node]:
        """The nodes by the suffix of their keys."""
        return {node.suffix: node for node in self.nodes}

    @cached_property
    def redefined(self) -> dict[str, list[Node]]:
        """All nodes of a qualified name, in source order."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.qualname, []).append(node)
        return found

    @cached_property
    def members(self) -> dict[str, dict[str, list[Node]]]:
        """The nodes by the qualified name of what they stand in, then by name."""
        found: dict[str, dict[str, list[Node]]] = {}
        for node in self.nodes:
            container, _, name = node.qualname.rpartition(".")
            found.setdefault(container, {}).setdefault(name, []).append(node)
        return found

    @cached_property
    def imports(self) -> list[ImportStatement]:
        """Every import statement, in source order."""
        return self._record.imports

    @property
    def exports(self) -> list[str] | None:
        """``__all__``, where the file has one."""
        return self._record.exports

    @cached_property
    def _record(self) -> _Record:
        return _decode_record(self._packed_record)

    def key(self, node: Node) -> str:
        """The key of one of its nodes."""
        return node_key(self.path, node.suffix)

    def name_position(self, node: Node) -> int:
        """Where a node's name begins."""
        return self.code.offset(*(node.name_at or node.range[:2]))

    def name_range(self, node: Node) -> Range:
        """Where a node's name stands; for a module the beginning of the file."""
        if node.kind == "module":
            return 1, 0, 1, 0
        line, column = node.name_at or node.range[:2]
        return line, column, line, column + len(node.name.encode())
