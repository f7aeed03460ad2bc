"""The statements of a file as blocks, read off its logical lines: what an editor folds, and selects step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from remora_hub.query.source_file import SourceFile

_CONTINUES = re.compile(rb"(?:elif|else|except|finally)\b")
_TAB_STOP = 8  # language reference, section 2.1.8


class Block(msgspec.Struct, frozen=True):
    """A compound statement's clause: byte positions of its header, and of the statements indented below it."""

    start: int
    header_end: int
    body_start: int
    end: int
    indent: int


def blocks(file: SourceFile) -> list[Block]:
    """Every clause with a body on lines of its own, in source order; by indentation, so broken code has them, too."""
    mask = file.code.mask
    starts, ends = file.lines
    open_headers: list[
        tuple[int, int, int]
    ] = []  # indentation, number of the header, of the body's first line
    found: list[tuple[int, Block]] = []

    def close(indent: int, last: int) -> None:
        while open_headers and indent < open_headers[-1][0]:
            _, header, body = open_headers.pop()
            found.append(
                (
                    header,
                    Block(
                        starts[header],
                        _stripped_end(mask, starts[header], ends[header]),
                        starts[body],
                        _stripped_end(mask, starts[last], ends[last]),
                        _indent(mask, starts[header]),
                    ),
                )
            )

    indent_before = 0
    for number, start in enumerate(starts):
        indent = _indent(mask, start)
        if number and indent > indent_before:
            open_headers.append((indent, number - 1, number))
        elif indent < indent_before:
            close(indent, number - 1)
        indent_before = indent
    close(-1, len(starts) - 1)
    return [block for _, block in sorted(found, key=lambda one: one[0])]


def statements(file: SourceFile) -> Iterator[tuple[int, int]]:
    """Compound statements, each from its first header to the end of its last clause's body."""
    mask = file.code.mask
    chains: dict[int, tuple[int, int]] = {}  # by indentation: the statement that may go on there
    for block in sorted(blocks(file), key=lambda block: block.start):
        for deeper in [indent for indent in chains if indent > block.indent]:
            yield chains.pop(deeper)
        before = chains.get(block.indent)
        if before is not None and _CONTINUES.match(mask, block.start):
            chains[block.indent] = before[0], block.end
            continue
        if before is not None:
            yield before
        chains[block.indent] = block.start, block.end
    yield from chains.values()


def _indent(mask: bytes, start: int) -> int:
    """Columns before a statement; a form feed starts the count again."""
    blank = mask[mask.rfind(b"\n", 0, start) + 1 : start]
    return len(blank.rpartition(b"\f")[2].expandtabs(_TAB_STOP))


def _stripped_end(mask: bytes, start: int, end: int) -> int:
    return start + len(mask[start:end].rstrip())
