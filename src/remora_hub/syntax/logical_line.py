"""Where a logical line begins and ends (language reference, section 2.1), read off the mask.

A keyword that can only begin a statement ends whatever bracket was left open before it, as in code being edited.
"""

from __future__ import annotations

import re

LINE_START = re.compile(rb"(?:^|(?<=\n))([ \t\f]*+)(?=[^ \t\f\v\r\n])")
_STOP = re.compile(rb"[()\[\]{}\n\\;]")
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
