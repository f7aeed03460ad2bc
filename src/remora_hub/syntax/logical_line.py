"""Where a logical line begins and ends (language reference, section 2.1), read off the mask.

A keyword that can only begin a statement ends whatever bracket was left open before it, as in code being edited.
"""

from __future__ import annotations

import re

LINE_START = re.compile(rb"(?:^|(?<=\n))([ \t\f]*+)(?=[^ \t\f\v\r\n])")
_STOP = re.compile(rb"[()\[\]{}\n\\;]")
_OPENING = frozenset(b"([{")
_CLOSING = frozenset(b")]}")
_BACKSLASH = ord("\\")
_NEWLINE = ord("\n")
_STATEMENT_KEYWORD = re.compile(
    rb"(?:@|(?:async[ \t]+)?def[ \t]+[\w\x80-\xff]+[ \t]*[\[(]|class[ \t]+[\w\x80-\xff]+[ \t]*[:(\[]"
    rb"|(?:import|from|return|raise|while|try|with|pass|del|global|nonlocal|assert)\b(?![ \t]*[=,.\])}]))"
)


def logical_line_end(mask: bytes, start: int) -> tuple[int, int]:
    """Where the logical line that begins at ``start`` ends, and where to look for the next one."""
    depth = 0
    position = start
    while match := _STOP.search(mask, position):
        position = match.end()
        found = match.group()
        if found in b"([{":
            depth += 1
        elif found in b")]}":
            depth = max(0, depth - 1)
        elif found == b"\\":
            following = mask[position : position + 2]
            position += 2 if following == b"\r\n" else 1 if following[:1] == b"\n" else 0
        elif found == b"\n":
            if not depth:
                return match.start(), position
            line = LINE_START.match(mask, position)
            if line and _STATEMENT_KEYWORD.match(mask, line.end()):
                return match.start(), position
    return len(mask), len(mask)


def logical_lines(mask: bytes) -> tuple[list[int], list[int]]:
    """Where each logical line of ``mask`` begins (its first character) and ends, in order; blank ones are left out."""
    starts: list[int] = []
    ends: list[int] = []
    depth = skip = 0
    first = LINE_START.match(mask) or LINE_START.search(mask)
    start = first.end() if first else len(mask)
    for stop in _STOP.finditer(mask, start):
        position = stop.start()
        found = mask[position]
        if position < skip or position < start:
            continue
        if found in _OPENING:
            depth += 1
        elif found in _CLOSING:
            depth = max(0, depth - 1)
        elif found == _BACKSLASH:
            following = mask[position + 1 : position + 3]
            skip = position + (3 if following == b"\r\n" else 2)
        elif found == _NEWLINE:
            following_line = LINE_START.search(mask, position + 1)
            if depth and not (following_line and _STATEMENT_KEYWORD.match(mask, following_line.end())):
                continue
            starts.append(start)
            ends.append(position)
            depth = 0
            if following_line is None:
                return starts, ends
            start = following_line.end()
    if start < len(mask):
        starts.append(start)
        ends.append(len(mask))
    return starts, ends
