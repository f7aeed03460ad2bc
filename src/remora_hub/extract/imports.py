"""Import statements anywhere in a file, found from its ``import`` tokens (language reference, section 7.11)."""

from __future__ import annotations

import re

import msgspec

from remora_hub.extract.headers import closing_bracket
from remora_hub.extract.logical_lines import logical_line_end
from remora_hub.extract.positions import Lines
from remora_hub.extract.tokens import Tokens

_STATEMENT = re.compile(
    rb"(?:from(?=[\s.\\])[\s\\]*+(?P<dots>[.\s\\]*+)(?P<module>[\w.\x80-\xff]*+)[\s\\]*+)?import\b[\s\\]*+(?P<names>.*+)",
    re.DOTALL,
)
# Nearly every statement: on a line of its own, names in parentheses or to the end of the line.
_COMMON = re.compile(
    rb"[ \t]*+(?:from[ \t]++(?P<dots>\.*+)(?P<module>[\w.\x80-\xff]*+)[ \t]++)?import[ \t]*+"
    rb"(?:\((?P<listed>[^()]*+)\)|(?P<names>[^\n;()\\]++))(?=[ \t\r]*+(?:\n|\Z))"
)
_TYPE_CHECKING = re.compile(rb"^([ \t]*+)if[ \t(]++(?:[\w.]++\.)?TYPE_CHECKING\b[ \t)]*+:", re.MULTILINE)
_BREAKS = (b"\n", b";", b":")
_FARTHEST_FROM = 64  # parts of the module's dotted name between ``from`` and ``import``


class ImportFacts(msgspec.Struct, omit_defaults=True, frozen=True):
    """The stored form of ``model.ImportStatement``."""

    line: int
    names: list[str]
    module: str = ""
    level: int = 0
    type_checking: bool = False


def read_imports(mask: bytes, tokens: Tokens, indices: list[int], lines: Lines) -> list[ImportFacts]:
    """Every import statement, in source order. ``indices`` are the places of the ``import`` keyword in ``tokens``."""
    checked = _type_checking_spans(mask) if b"TYPE_CHECKING" in mask else []
    found = []
    for index in indices:
        position = tokens.starts[index]
        start = mask.rfind(b"\n", 0, position) + 1
        match = _COMMON.match(mask, start)
        if match:
            listed = match["listed"] or match["names"]
        else:
            exact = _statement_start(tokens, index)
            match = exact is not None and _STATEMENT.match(mask, exact, _statement_end(mask, position)) or None
            if exact is None or match is None:
                continue
            start, listed = exact, match["names"]
        names = [name for name in map(_fold, listed.strip(b"() \t\r\n\\").split(b",")) if name]
        if names:
            module = (match["module"] or b"").decode("utf-8", "replace")
            level = (match["dots"] or b"").count(b".")
            checking = any(left <= position < right for left, right in checked)
            found.append(ImportFacts(lines.line_of(position), names, module, level, checking))
    return found


def bound_imports(statements: list[ImportFacts]) -> set[bytes]:
    """The names that the import statements bind."""
    bound = set()
    for statement in statements:
        for name in statement.names:
            original, _, alias = name.partition(" as ")
            bound.add((alias or original if statement.module or statement.level else alias or original.partition(".")[0]))
    return {name.encode() for name in bound}


def _statement_start(tokens: Tokens, index: int) -> int | None:
    """Where the statement with ``import`` at ``index`` begins; None if the word is no import here."""
    if _begins_statement(tokens.gaps[index], index):
        return tokens.starts[index]
    for back in range(index - 1, max(-1, index - _FARTHEST_FROM), -1):
        if tokens.names[back] == b"from":
            return tokens.starts[back] if _begins_statement(tokens.gaps[back], back) else None
        if _begins_statement(tokens.gaps[back], back):
            return None
    return None


def _begins_statement(gap: bytes, index: int) -> bool:
    return index == 0 or any(mark in gap.replace(b"\\\n", b"") for mark in _BREAKS)


def _statement_end(mask: bytes, position: int) -> int:
    after = position + len(b"import")
    while mask[after : after + 1] in (b" ", b"\t", b"\f", b"\\", b"\n", b"\r") and (
        mask[after : after + 1] != b"\n" or mask[after - 1 : after] == b"\\"
    ):
        after += 1
    if mask[after : after + 1] == b"(":
        return closing_bracket(mask, after, len(mask))
    end = logical_line_end(mask, after)[0]
    semicolon = mask.find(b";", after, end)
    return semicolon if semicolon >= 0 else end


def _fold(piece: bytes) -> str:
    return b" ".join(piece.replace(b"\\", b" ").split()).decode("utf-8", "replace")


def _type_checking_spans(mask: bytes) -> list[tuple[int, int]]:
    """Where the bodies of ``if TYPE_CHECKING:`` stand, by indentation."""
    spans = []
    for match in _TYPE_CHECKING.finditer(mask):
        dedent = re.compile(rb"\n[ \t]{0,%d}(?=[^ \t\r\n])" % len(match.group(1))).search(mask, match.end())
        spans.append((match.end(), dedent.start() if dedent else len(mask)))
    return spans
