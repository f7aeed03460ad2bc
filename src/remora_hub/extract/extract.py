"""From the bytes of one file to its packed facts. Pure: nothing is opened, nothing is kept.

Structure comes from the syntax tree; where the parser gives up on a part, from the logical lines instead, so
that broken code still yields every definition that can be seen in it.
"""

from __future__ import annotations

import msgspec
from tree_sitter import Node, Parser

from remora_hub.extract.decode import UTF_8, decode_source
from remora_hub.extract.imports import ImportFacts, bound_imports, read_imports
from remora_hub.extract.logical_lines import statements_of_lines
from remora_hub.extract.mask import mask_source
from remora_hub.extract.nodes import NodeBuilder
from remora_hub.extract.quoted_annotations import reveal
from remora_hub.extract.statements import PYTHON, parse, statements_of_tree
from remora_hub.extract.wide_places import find_wide_places
from remora_hub.facts import PackedFile, pack_nodes, pack_places
from remora_hub.syntax.code_text import pack_code
from remora_hub.syntax.positions import Lines
from remora_hub.syntax.usage import words_of

_MOST_PROBLEMS = 20  # of one file; a file with more is broken throughout
_MOST_ERROR_NODES = 2_000  # visited to find them

_encode, _encode_lines = msgspec.json.Encoder().encode, msgspec.json.Encoder().encode_lines


class _ProblemFacts(msgspec.Struct, frozen=True):
    kind: str
    line: int
    column: int
    message: str


class _FileFacts(msgspec.Struct, omit_defaults=True, frozen=True):
    """The stored form of ``model.FileIndex``, less what the pipeline knows (status, digest, size)."""

    line_count: int
    encoding: str = UTF_8
    newline: str = "lf"
    imports: list[ImportFacts] = []
    exports: list[str] | None = None
    problems: list[_ProblemFacts] = []
    node_count: int = 0


class Extractor:
    """Holds a parser; ``extract`` may be called any number of times, from one thread at a time."""

    def __init__(self) -> None:
        self._parser = Parser(PYTHON)

    def extract(self, path: str, data: bytes) -> PackedFile:
        """Extract the facts of ``data``, the bytes of the file at ``path`` (relative to the root, with ``/``)."""
        decoded = decode_source(data)
        source = decoded.source
        mask = mask_source(source)
        lines = Lines(source)
        words = words_of(mask)
        tree = parse(self._parser, source)
        problems = [_ProblemFacts(*problem) for problem in decoded.problems]
        if tree.root_node.has_error:
            problems += _syntax_problems(tree.root_node, source, lines)
            module = statements_of_lines(mask)
        else:
            module = statements_of_tree(tree.root_node, mask, words)
        del tree  # it may be two hundred times the source's size
        imports = read_imports(mask, lines)
        builder = NodeBuilder(path, source, mask, words, lines, bound_imports(imports))
        suffixes, nodes, exports = builder.build(module)
        if builder.too_deep_at is not None:
            place = lines.line_and_column(builder.too_deep_at)
            problems.append(_ProblemFacts("syntax", *place, "nested too deeply: what it holds is left out"))
        facts = _FileFacts(
            line_count=len(lines),
            encoding=decoded.encoding,
            newline=decoded.newline,
            imports=imports,
            exports=exports,
            problems=problems[:_MOST_PROBLEMS],
            node_count=len(suffixes),
        )
        places = pack_places(nodes, find_wide_places(nodes, source, mask, lines))
        mask, quoted = reveal(mask, source, builder.annotations)
        if quoted:
            words = b" ".join([words, *map(words_of, quoted)])
        names, code = pack_code(mask, words)
        return PackedFile(
            _encode(facts).decode(), suffixes, pack_nodes(_encode_lines(nodes)), names, code, places
        )


def _syntax_problems(root: Node, source: bytes, lines: Lines) -> list[_ProblemFacts]:
    """The places where the parser found an error or had to supply a token, in source order."""
    problems: list[_ProblemFacts] = []
    pending = [root]
    for _ in range(_MOST_ERROR_NODES):
        if not pending or len(problems) >= _MOST_PROBLEMS:
            break
        node = pending.pop()
        if node.is_error or node.is_missing:
            line, column = lines.line_and_column(node.start_byte)
            found = source[node.start_byte : min(node.end_byte, node.start_byte + 40)].split(b"\n")[0]
            text = found.decode("utf-8", "replace").strip()
            message = (
                f"{node.type} expected"
                if node.is_missing
                else f"cannot parse {text!r}"
                if text
                else "cannot parse"
            )
            problems.append(_ProblemFacts("syntax", line, column, message))
        elif node.has_error:
            pending += reversed(node.children)
    return problems
