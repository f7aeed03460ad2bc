"""Statements of a module from its syntax tree: a cursor walk that never enters an expression.

Only what can hold or be a definition is visited: blocks, clauses, definitions, assignments, imports. A function's body
is entered only if it holds a nested definition.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Tree

PYTHON = Language(tree_sitter_python.language())


@dataclass(slots=True)
class Block:
    """One definition or the module: where it stands and which statements of interest its body has, in order.

    ``start`` is the byte of the ``def``, ``async`` or ``class`` keyword, ``end`` the byte behind its last statement.
    ``decorators`` are byte spans, ``@`` included. ``statements`` are spans of simple statements (assignments,
    expressions, type aliases) and the nested definitions, in source order.
    """

    kind: str  # "module", "class" or "function"
    start: int
    end: int
    decorators: list[tuple[int, int]] = field(default_factory=list)
    statements: list[tuple[int, int] | Block] = field(default_factory=list)


def _kinds(*names: str) -> frozenset[int]:
    found = (PYTHON.id_for_node_kind(name, True) for name in names)
    return frozenset(kind for kind in found if kind is not None)


_SIMPLE = _kinds("expression_statement", "type_alias_statement")
_FUNCTION = _kinds("function_definition")
_CLASS = _kinds("class_definition")
_DECORATED = _kinds("decorated_definition")
_DECORATOR = _kinds("decorator")
_BLOCK = _kinds("block")
_COMPOUND = _kinds(
    "if_statement", "elif_clause", "else_clause", "for_statement", "while_statement", "try_statement", "except_clause",
    "except_group_clause", "finally_clause", "with_statement", "match_statement", "case_clause",
)  # fmt: skip


def parse(parser: Parser, source: bytes) -> Tree:
    """Parse ``source``; a parser keeps the state of a parse that was cut short, so it is reset first."""
    parser.reset()
    return parser.parse(source)


def statements_of_tree(root: Node, mask: bytes, definitions: list[int]) -> Block:
    """Walk a tree without errors. ``definitions``, where ``def`` and ``class`` stand, tell which functions to enter."""
    module = Block("module", 0, len(mask))
    open_blocks: list[tuple[int, Block]] = [(-1, module)]
    decorators: list[tuple[int, int]] = []
    cursor = root.walk()
    depth = 0
    descend = True
    while True:
        if descend and cursor.goto_first_child():
            depth += 1
        else:
            while not cursor.goto_next_sibling():
                if depth <= 1:
                    return module
                cursor.goto_parent()
                depth -= 1
                if open_blocks[-1][0] == depth:
                    open_blocks.pop()
        node = cursor.node
        kind = node.kind_id
        descend = False
        if kind in _SIMPLE:
            open_blocks[-1][1].statements.append((node.start_byte, node.end_byte))
        elif kind in _BLOCK or kind in _COMPOUND or kind in _DECORATED:
            descend = True
        elif kind in _DECORATOR:
            decorators.append((node.start_byte, node.end_byte))
        elif kind in _FUNCTION or kind in _CLASS:
            start = node.start_byte
            # The grammar counts comments behind the last statement as part of the block; Python does not.
            end = start + len(mask[start : node.end_byte].rstrip())
            block = Block("class" if kind in _CLASS else "function", start, end, decorators)
            decorators = []
            open_blocks[-1][1].statements.append(block)
            nested = bisect_left(definitions, end) - bisect_left(definitions, start) - 1
            descend = nested > 0 or kind in _CLASS
            if descend:
                open_blocks.append((depth, block))
