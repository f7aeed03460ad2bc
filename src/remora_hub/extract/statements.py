"""Statements of a module from its syntax tree: a cursor walk that never enters an expression.

Only what can hold or be a definition is visited: blocks, clauses, definitions, assignments, imports. A function's body
is entered only if it holds a nested definition.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import tree_sitter_python
from tree_sitter import Language, Node, Parser, Tree

PYTHON = Language(tree_sitter_python.language())


class Block(msgspec.Struct):
    """One definition or the module: where it stands and which statements of interest its body has, in order.

    ``start`` is the byte of the ``def``, ``async`` or ``class`` keyword, ``end`` the byte behind its last statement.
    ``decorators`` are byte spans, ``@`` included. ``statements`` are spans of simple statements (assignments,
    expressions, type aliases) and the nested definitions, in source order.
    """

    kind: str  # "module", "class" or "function"
    start: int
    end: int
    decorators: list[tuple[int, int]] = msgspec.field(default_factory=list)
    statements: list[tuple[int, int] | Block] = msgspec.field(default_factory=list)


def _kinds(*names: str) -> frozenset[int]:
    found = (PYTHON.id_for_node_kind(name, True) for name in names)
    return frozenset(kind for kind in found if kind is not None)


_SIMPLE = _kinds("expression_statement", "type_alias_statement")
_CLASS = _kinds("class_definition")
_DEFINITION = _kinds("function_definition", "class_definition")
_DECORATOR = _kinds("decorator")
_HOLDER = _kinds(
    "block", "decorated_definition",
    "if_statement", "elif_clause", "else_clause", "for_statement", "while_statement", "try_statement", "except_clause",
    "except_group_clause", "finally_clause", "with_statement", "match_statement", "case_clause",
)  # fmt: skip
_SPACE = ord(" ")


def parse(parser: Parser, source: bytes) -> Tree:
    """Parse ``source``; a parser keeps the state of a parse that was cut short, so it is reset first."""
    parser.reset()
    return parser.parse(source)


def statements_of_tree(root: Node, mask: bytes, words: bytes) -> Block:
    """Walk a tree without errors; ``words`` (see ``usage``) tell which functions hold a definition."""
    module = block = Block("module", 0, len(mask))
    decorators: list[tuple[int, int]] = []
    outer: list[tuple[Iterator[Node], Block]] = []
    nodes = iter(root.children)
    while True:
        for node in nodes:
            kind = node.kind_id
            if kind in _SIMPLE:
                block.statements.append((node.start_byte, node.end_byte))
            elif kind in _DEFINITION:
                inner = _definition(node, mask, decorators)
                decorators = []
                block.statements.append(inner)
                if kind in _CLASS or _holds_definition(words, inner):
                    outer.append((nodes, block))
                    nodes, block = iter(node.children), inner
                    break
            elif kind in _HOLDER:
                outer.append((nodes, block))
                nodes = iter(node.children)
                break
            elif kind in _DECORATOR:
                decorators.append((node.start_byte, node.end_byte))
        else:
            if not outer:
                return module
            nodes, block = outer.pop()


def _definition(node: Node, mask: bytes, decorators: list[tuple[int, int]]) -> Block:
    start, end = node.start_byte, node.end_byte
    if mask[end - 1] <= _SPACE:  # the grammar counts comments behind the last statement as part of the block
        end = start + len(mask[start:end].rstrip())
    return Block("class" if node.kind_id in _CLASS else "function", start, end, decorators)


def _holds_definition(words: bytes, function: Block) -> bool:
    own = words.find(b"def ", function.start) + 4
    return words.find(b" def ", own, function.end) >= 0 or words.find(b" class ", own, function.end) >= 0


def own_spans(block: Block, start: int) -> list[tuple[int, int]]:
    """What belongs to a block from ``start`` on, without the definitions nested in it."""
    spans = []
    for statement in block.statements:
        if type(statement) is Block:
            spans.append((start, statement.start))
            start = statement.end
    spans.append((start, block.end))
    return spans


def is_in_method(class_block: Block, position: int) -> bool:
    """Whether a position lies in a function of the class itself, not in one of a class nested in it."""
    for statement in class_block.statements:
        if isinstance(statement, Block) and statement.start <= position < statement.end:
            inner = statement.statements
            return statement.kind == "function" and not any(
                isinstance(deeper, Block) and deeper.kind == "class" and deeper.start <= position < deeper.end
                for deeper in inner
            )
    return False
