"""Text from outside made safe to show: a hostile file name must not steer a terminal.

Names, paths, messages and source can hold escape sequences, line ends, direction overrides (CVE-2021-42574) and bytes
that are not UTF-8. ``printable`` shows them as the escapes Python would write.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls: escape sequences, line ends, tabs
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, embeddings, overrides, isolates
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff]"  # surrogates: what surrogateescape makes of bytes that are not UTF-8
)


def printable(text: str) -> str:
    r"""``text`` on one line with every control character as its escape: ``\n``, ``\x1b``, ``\u202e``.

    A byte that was not UTF-8 (surrogateescape) shows as ``\xff``. A backslash stays as it is.
    """
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
