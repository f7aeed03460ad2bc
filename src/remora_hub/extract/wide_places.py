"""Names whose columns differ between encodings: not all that stands before them on their line is ASCII."""

from __future__ import annotations

from collections.abc import Iterable

from remora_hub.facts import PlacedNode
from remora_hub.syntax.code_text import wide_columns
from remora_hub.syntax.positions import Lines


def find_wide_places(nodes: Iterable[PlacedNode], source: bytes, mask: bytes, lines: Lines) -> dict[str, str]:
    """The places of such names, as ``facts.pack_places`` takes them. ``nodes`` come in source order.

    Each part of a line is counted once, from name to name: a line may be as long as a file.
    """
    found: dict[str, str] = {}
    if source.isascii():
        return found
    counted_line = counted = beyond_utf_16 = beyond_code_points = 0
    for node in nodes:
        line, column = node.name_at or node.range[:2]
        start = lines.starts[line - 1]
        position = start + column
        if line != counted_line or position < counted:
            counted_line, counted, beyond_utf_16, beyond_code_points = line, start, 0, 0
        if not source[counted:position].isascii():
            utf_16, code_points = wide_columns(mask[counted:position])
            beyond_utf_16 += position - counted - utf_16
            beyond_code_points += position - counted - code_points
        counted = position
        if beyond_utf_16 or beyond_code_points:
            place = f"{line}:{column}"
            found[place] = f"{place}:{column - beyond_utf_16}:{column - beyond_code_points}"
    return found
