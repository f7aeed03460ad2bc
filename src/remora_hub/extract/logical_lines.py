"""Statements of a module from its logical lines (language reference, section 2.1): for sources the parser gives up on.

Broken code is the normal state of a file being edited, and some valid code is beyond the grammar. Definitions
are still plain to see: a logical line that begins with ``def``, ``async def`` or ``class``, and by
indentation what lies in it. A keyword that can only begin a statement ends whatever bracket was left open
before it.
"""

from __future__ import annotations

import re

from remora_hub.extract.statements import Block
from remora_hub.syntax.logical_line import LINE_START, logical_line_end

_DEFINITION = re.compile(rb"(?:async(?:[ \t\f]|\\\r?\n)++)?(?:def|class)(?=[ \t\f\\])")
_COMPOUND = re.compile(
    rb"(?:if|elif|else|for|while|try|except|finally|with|match|case|async)\b|(?:def|class)(?=[ \t\f\\])"
)
_SKIPPED = re.compile(
    rb"(?:return|raise|pass|break|continue|del|assert|global|nonlocal|yield|await|print|import|from)\b"
)
# What git leaves at the beginning of a line where two versions conflict.
_CONFLICT_MARKER = re.compile(rb"(?:<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)[^\n]*+")
_TAB_STOP = 8  # language reference, section 2.1.8


def statements_of_lines(mask: bytes) -> Block:
    """Find the definitions and simple statements of ``mask`` by indentation; never fails."""
    module = Block("module", 0, len(mask))
    open_blocks: list[tuple[int, Block]] = [(-1, module)]
    decorators: list[tuple[int, int]] = []
    position = last_end = 0
    while match := LINE_START.search(mask, position):
        start = match.end()
        if marker := _CONFLICT_MARKER.match(mask, start):
            position = marker.end()
            continue
        indent = _width(match.group(1))
        end, position = logical_line_end(mask, start)
        while len(open_blocks) > 1 and indent <= open_blocks[-1][0]:
            open_blocks.pop()[1].end = last_end
        last_end = len(mask[start:end].rstrip()) + start
        if mask[start] == 64:  # @
            decorators.append((start, last_end))
            continue
        if definition := _DEFINITION.match(mask, start):
            kind = "class" if definition.group().endswith(b"class") else "function"
            block = Block(kind, start, last_end, decorators)
            open_blocks[-1][1].statements.append(block)
            open_blocks.append((indent, block))
        elif open_blocks[-1][1].kind != "function" and not _SKIPPED.match(mask, start):
            _add_simple(mask, start, last_end, open_blocks[-1][1])
        decorators = []
    for _, block in open_blocks[1:]:
        block.end = last_end
    return module


def _width(indentation: bytes) -> int:
    """Columns of an indentation; a form feed starts the count again."""
    indentation = indentation.rpartition(b"\f")[2]
    return len(indentation.expandtabs(_TAB_STOP))


def _add_simple(mask: bytes, start: int, end: int, block: Block) -> None:
    """Add the simple statements of one logical line; behind a compound statement's colon may stand some, too."""
    if _COMPOUND.match(mask, start):
        return
    for piece in re.finditer(rb"[^;]+", mask[start:end]):
        text = piece.group()
        begin = start + piece.start() + len(text) - len(text.lstrip())
        if text.strip():
            block.statements.append((begin, start + piece.start() + len(text.rstrip())))
