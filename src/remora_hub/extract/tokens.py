"""The identifiers of a source, in order, with their places: one split of the mask, no loop in Python per character.

``split`` on an identifier pattern returns gap, name, gap, name, ..., gap; the places follow from the lengths.
Keywords are names too: complexity is counted from them.
"""

from __future__ import annotations

import re
from itertools import accumulate

# Outside ASCII a byte of 0x80 or more is a letter: the UTF-8 form of an identifier's characters (PEP 3131) has no others.
# A boundary before the first letter would keep the letters of numbers out (0x1F, 1e5, 10j) and take half as long again;
# they bind nothing and call nothing, so they may pass.
_ASCII_NAME = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*+)")
_NAME = re.compile(rb"([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)")


class Tokens:
    """``names[i]`` stands at byte ``starts[i]``; ``gaps[i]`` is what lies before it, ``gaps[i + 1]`` behind it."""

    __slots__ = ("gaps", "names", "starts")

    def __init__(self, mask: bytes) -> None:
        parts = (_ASCII_NAME if mask.isascii() else _NAME).split(mask)
        self.names: list[bytes] = parts[1::2]
        self.gaps: list[bytes] = parts[0::2]
        self.starts: list[int] = list(accumulate(map(len, parts)))[:-1:2]
