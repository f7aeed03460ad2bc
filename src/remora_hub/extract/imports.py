"""Import statements anywhere in a file, found from the word ``import`` (language reference, section 7.11)."""

from __future__ import annotations

import re

import msgspec

from remora_hub.syntax.headers import closing_bracket
from remora_hub.syntax.logical_line import logical_line_end
from remora_hub.syntax.positions import Lines

_MODULE = rb"(?P<module>(?:(?!import[^\w.\x80-\xff])[\w.\x80-\xff]++)?+)"
_IMPORT = rb"import(?![\w\x80-\xff])"
_STATEMENT = re.compile(
    rb"[\s\\]*+(?P<begin>)(?:from(?=[\s.\\])[\s\\]*+(?P<dots>[.\s\\]*+)" + _MODULE + rb"[\s\\]*+)?"
    rb"(?P<import>" + _IMPORT + rb")[\s\\]*+(?P<names>.*+)(?P<listed>)",
    re.DOTALL,
)
# Nearly every statement: on a line of its own, names in parentheses or to the end of the line.
_COMMON = re.compile(
    rb"[ \t]*+(?P<begin>)(?:from[ \t]++(?P<dots>\.*+)" + _MODULE + rb"[ \t]++)?" + _IMPORT + rb"[ \t]*+"
    rb"(?:\((?P<listed>[^()]*+)\)|(?P<names>[^\n;()\\]++))(?=[ \t\r]*+(?:\n|\Z))"
)
_TYPE_CHECKING = re.compile(rb"^([ \t]*+)if[ \t(]++(?:\w++\.)*+TYPE_CHECKING\b[ \t)]*+:", re.MULTILINE)
_WORD_GOES_ON = re.compile(rb"[\w\x80-\xff]")
_COMMA, _BACKSLASH = b",\\"
_AROUND_NAMES = b"() \t\r\n\f\v\\"
_AROUND_NAMES_TEXT = _AROUND_NAMES.decode()


class ImportFacts(msgspec.Struct, omit_defaults=True, frozen=True):
    """The stored form of ``model.ImportStatement``."""

    line: int
    names: list[str]
    module: str = ""
    level: int = 0
    type_checking: bool = False


def read_imports(mask: bytes, lines: Lines) -> list[ImportFacts]:
    """Every import statement, in source order."""
    checked = _type_checking_spans(mask) if b"TYPE_CHECKING" in mask else []
    found = []
    position = mask.find(b"import")
    while position >= 0:
        match = _COMMON.match(mask, mask.rfind(b"\n", 0, position) + 1) or _uncommon(mask, position)
        if match:
            dots, module, listed, plain = match.group("dots", "module", "listed", "names")
            names = _listed_names(listed or plain)
            if names:
                found.append(
                    ImportFacts(
                        lines.line_of(match.start("begin")),
                        names,
                        module.decode("utf-8", "replace") if module else "",
                        dots.count(b".") if dots else 0,
                        any(left <= position < right for left, right in checked) if checked else False,
                    )
                )
        position = mask.find(b"import", match.end() if match else position + 6)
    return found


def _listed_names(listed: bytes) -> list[str]:
    """The names of one statement, ``name`` or ``name as alias``, white space folded."""
    only = listed.strip(_AROUND_NAMES)
    if _COMMA not in only and _BACKSLASH not in only and len(only.split()) == 1:
        return [only.decode("utf-8", "replace")]
    if _BACKSLASH in listed or listed.find(b"as") >= 0:
        folded = [
            b" ".join(piece.replace(b"\\", b" ").split()) for piece in listed.strip(_AROUND_NAMES).split(b",")
        ]
        return [piece.decode("utf-8", "replace") for piece in folded if piece]
    pieces = listed.decode("utf-8", "replace").split(",")
    return [name for piece in pieces if (name := piece.strip(_AROUND_NAMES_TEXT))]


def bound_imports(statements: list[ImportFacts]) -> dict[bytes, str]:
    """The names that the import statements bind, by their UTF-8 form."""
    bound: set[str] = set()
    for statement in statements:
        for name in statement.names:
            original, _, alias = name.partition(" as ")
            bound.add(
                alias or original
                if statement.module or statement.level
                else alias or original.partition(".")[0]
            )
    return {name.encode(): name for name in bound}


def _uncommon(mask: bytes, position: int) -> re.Match[bytes] | None:
    """Match the statement whose ``import`` stands at ``position``; None if the word is no import there."""
    if _WORD_GOES_ON.match(mask, position + len(b"import")):
        return None
    start = mask.rfind(b"\n", 0, position) + 1
    while start and mask[:start].endswith((b"\\\n", b"\\\r\n")):
        start = mask.rfind(b"\n", 0, start - 1) + 1
    start = max(start, mask.rfind(b";", start, position) + 1, mask.rfind(b":", start, position) + 1)
    match = _STATEMENT.match(mask, start, _statement_end(mask, position))
    return match if match and match.start("import") == position else None


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


def _type_checking_spans(mask: bytes) -> list[tuple[int, int]]:
    """Where the bodies of ``if TYPE_CHECKING:`` stand, by indentation."""
    spans = []
    for match in _TYPE_CHECKING.finditer(mask):
        dedent = re.compile(rb"\n[ \t]{0,%d}(?=[^ \t\r\n])" % len(match.group(1))).search(mask, match.end())
        spans.append((match.end(), dedent.start() if dedent else len(mask)))
    return spans
