"""From statements to nodes: every definition and binding of a file, each with its facts, in source order."""

from __future__ import annotations

import ast
import re

import msgspec
from xxhash import xxh3_64_hexdigest

from remora_hub.extract.assignments import assigned_attributes, bound_names
from remora_hub.extract.docstrings import first_docstring_line
from remora_hub.extract.headers import Header, count_annotations, read_header, split_arguments
from remora_hub.extract.mask import STRING
from remora_hub.extract.positions import Lines
from remora_hub.extract.scopes import Scope, is_test_path
from remora_hub.extract.signatures import declared_value, folded_signature
from remora_hub.extract.statements import Block
from remora_hub.extract.usage import Usage
from remora_hub.facts import PackedNode

_CONSTANT = re.compile(rb"_*+[A-Z][A-Z0-9_]*+\Z")
_PROPERTY = re.compile(r"(?:[\w.]*property|[\w.]+\.(?:setter|getter|deleter))(?:\(.*\))?\Z", re.DOTALL)
_STATIC = re.compile(r"(?:[\w.]*\.)?staticmethod\Z")
_ALL = re.compile(rb"__all__\s*+(?:[+:=]|\.(?:extend|append)\b)")
_KIND_CODES = {
    kind: code
    for code, kind in enumerate(
        ("module", "class", "function", "method", "property", "variable", "class_variable", "constant", "type_alias", "attribute")
    )
}  # fmt: skip


class NodeFacts(msgspec.Struct, omit_defaults=True, gc=False):
    """The stored form of ``model.NodeState``, less its version and times; fields at their default are not written."""

    path: str
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    name_at: tuple[int, int]
    digest: str
    ordinal: int = 1
    signature: str = ""
    docstring: str | None = None
    decorators: list[str] = []
    bases: list[str] = []
    calls: list[str] = []
    uses: list[str] = []
    complexity: int = 1
    typed: tuple[int, int] | None = None
    is_async: bool = False
    is_test: bool = False
    is_exported: bool = False


class NodeBuilder:
    """Builds the nodes of one file; used once."""

    def __init__(self, path: str, source: bytes, mask: bytes, lines: Lines, usage: Usage, imported: set[bytes]) -> None:
        self._path = path
        self._source = source
        self._mask = mask
        self._lines = lines
        self._usage = usage
        self._imported = imported
        self._in_test_file = is_test_path(path)
        self._found: list[tuple[int, NodeFacts]] = []
        self._exports: list[str] | None = None

    def build(self, module: Block) -> tuple[list[PackedNode], list[tuple[str, str, int, int, int]], list[str] | None]:
        """Return the packed nodes in source order, their symbol rows, and ``__all__`` where the file sets it.

        A symbol row is ``(suffix, name, kind code, line, column)``.
        """
        self._exports = self._read_exports(module)
        self._add_module(module)
        self._visit(module, Scope.of_module(self._exports))
        self._found.sort(key=lambda found: found[0])
        seen: dict[str, int] = {}
        nodes = []
        symbols = []
        encode = _ENCODER.encode
        for _, facts in self._found:
            suffix = qualname = facts.qualname
            ordinal = seen[qualname] = seen.get(qualname, 0) + 1
            if ordinal > 1:
                facts.ordinal = ordinal
                suffix = f"{qualname}#{ordinal}"
            nodes.append(PackedNode(suffix, facts.digest, encode(facts).decode()))
            line, column = facts.name_at
            symbols.append((suffix, qualname.rpartition(".")[2], _KIND_CODES[facts.kind], line, column))
        return nodes, symbols, self._exports

    def _add_module(self, module: Block) -> None:
        stretches = self._own_stretches(module)
        last_line, last_column = self._lines.line_and_column(len(self._source))
        self._found.append(
            (
                -1,
                NodeFacts(
                    self._path,
                    "module",
                    "<module>",
                    (1, 0, last_line, last_column),
                    (1, 0),
                    xxh3_64_hexdigest(self._source),
                    docstring=first_docstring_line(self._source, self._mask, 0, len(self._mask)),
                    calls=self._usage.calls(stretches),
                    complexity=1 + self._usage.decisions(stretches),
                    is_test=self._in_test_file,
                    is_exported=True,
                ),
            )
        )

    def _visit(self, block: Block, scope: Scope) -> None:
        for statement in block.statements:
            if isinstance(statement, Block):
                self._add_definition(statement, scope)
            elif scope.binds_variables:
                self._add_bindings(statement, scope)

    def _add_definition(self, block: Block, scope: Scope) -> None:
        header = read_header(self._mask, block.start, block.end)
        if header is None:
            self._visit(block, scope)  # a definition still without a name: what it holds belongs to its surroundings
            return
        name = header.name.decode("utf-8", "replace")
        decorators = [self._text(start + 1, end).strip() for start, end in block.decorators]
        kind = self._definition_kind(block, scope, decorators)
        inner = scope.enter(name, block.kind)
        scope.names.add(header.name)
        facts = self._definition_facts(block, header, kind, inner, decorators)
        self._found.append((block.start, facts))
        if block.kind == "class":
            self._visit(block, inner)
            self._add_attributes(block, inner)
        elif block.statements:
            self._visit(block, inner)

    def _definition_kind(self, block: Block, scope: Scope, decorators: list[str]) -> str:
        if block.kind == "class":
            return "class"
        if scope.kind != "class":
            return "function"
        return "property" if any(_PROPERTY.match(decorator) for decorator in decorators) else "method"

    def _definition_facts(self, block: Block, header: Header, kind: str, inner: Scope, decorators: list[str]) -> NodeFacts:
        start, end = block.start, block.end
        first = block.decorators[0][0] if block.decorators else start
        facts = NodeFacts(
            self._path,
            kind,
            inner.qualname,
            (*self._lines.line_and_column(start), *self._lines.line_and_column(end)),
            self._lines.line_and_column(header.name_start),
            xxh3_64_hexdigest(self._source[first:end]),
            signature=folded_signature(self._source, header.name_end, header.colon),
            docstring=first_docstring_line(self._source, self._mask, min(header.colon + 1, end), end),
            decorators=decorators,
            is_async=header.is_async,
            is_test=self._in_test_file and inner.names_a_test,
            is_exported=inner.is_exported,
        )
        if kind == "class":
            facts.bases = self._bases(header)
            stretches = self._own_stretches(block)
            facts.calls = self._usage.calls(stretches)
            facts.uses = self._usage.uses(stretches, self._imported)
        else:
            stretches = self._own_stretches(block)
            facts.calls = self._usage.calls(stretches)
            facts.uses = self._usage.uses([self._usage.stretch(start, end)], self._imported)
            facts.complexity = 1 + self._usage.decisions(stretches)
            bound = kind != "function" and not any(_STATIC.match(decorator) for decorator in decorators)
            facts.typed = count_annotations(self._mask, header, bound)
        return facts

    def _bases(self, header: Header) -> list[str]:
        spans = split_arguments(self._mask, *header.parameters)
        return [
            folded_signature(self._source, start, end)
            for start, end in spans
            if not re.match(rb"\w++\s*+=(?!=)", self._mask[start:end])
        ]

    def _add_bindings(self, span: tuple[int, int], scope: Scope) -> None:
        start, end = span
        for name, position in bound_names(self._mask, start, end):
            if name in scope.names:
                continue
            scope.names.add(name)
            kind, signature = self._binding_kind(name, position, start, end, scope)
            stretch = [self._usage.stretch(start, end)]
            inner = scope.enter(name.decode("utf-8", "replace"), "variable")
            facts = self._binding_facts(inner, kind, (position, len(name)), (start, end), signature)
            facts.calls = self._usage.calls(stretch)
            facts.uses = self._usage.uses(stretch, self._imported)
            self._found.append((position, facts))

    def _binding_kind(self, name: bytes, position: int, start: int, end: int, scope: Scope) -> tuple[str, str]:
        signature = declared_value(self._source, self._mask, position + len(name), end)
        if position != start and self._mask.startswith(b"type", start) or ": TypeAlias" in signature:
            return "type_alias", signature
        if _CONSTANT.match(name) or ": Final" in signature:
            return "constant", signature
        return ("class_variable" if scope.kind == "class" else "variable"), signature

    def _binding_facts(
        self, inner: Scope, kind: str, name: tuple[int, int], span: tuple[int, int], signature: str
    ) -> NodeFacts:
        return NodeFacts(
            self._path,
            kind,
            inner.qualname,
            (*self._lines.line_and_column(span[0]), *self._lines.line_and_column(span[1])),
            self._lines.line_and_column(name[0]),
            xxh3_64_hexdigest(self._source[span[0] : span[1]]),
            signature=signature,
            is_exported=inner.is_exported,
        )

    def _add_attributes(self, class_block: Block, scope: Scope) -> None:
        """Add what the methods of a class assign through their first parameter, unless the class declares it."""
        for method in class_block.statements:
            if not isinstance(method, Block) or method.kind != "function":
                continue
            header = read_header(self._mask, method.start, method.end)
            spans = split_arguments(self._mask, *header.parameters) if header else []
            if header is None or not spans:
                continue
            receiver = re.match(rb"[\w\x80-\xff]*+", self._mask[spans[0][0] : spans[0][1]])
            if not receiver or not receiver.group():
                continue
            inner_classes = [inner for inner in method.statements if isinstance(inner, Block) and inner.kind == "class"]
            for name, position, end in assigned_attributes(self._mask, receiver.group(), header.colon, method.end):
                if name in scope.names or any(inner.start <= position < inner.end for inner in inner_classes):
                    continue
                scope.names.add(name)
                inner = scope.enter(name.decode("utf-8", "replace"), "variable")
                start = position - len(receiver.group()) - 1
                signature = declared_value(self._source, self._mask, position + len(name), end)
                facts = self._binding_facts(inner, "attribute", (position, len(name)), (start, end), signature)
                self._found.append((position, facts))

    def _own_stretches(self, block: Block) -> list[tuple[int, int]]:
        """The token ranges of a block without those of the definitions nested in it."""
        left, last = self._usage.stretch(block.start, block.end)
        stretches = []
        for statement in block.statements:
            if isinstance(statement, Block):
                right, after = self._usage.stretch(statement.start, statement.end)
                if right > left:
                    stretches.append((left, right))
                left = after
        if last > left:
            stretches.append((left, last))
        return stretches

    def _read_exports(self, module: Block) -> list[str] | None:
        """``__all__``, from every statement at module level that sets or extends it with literals."""
        if b"__all__" not in self._mask:
            return None
        exports: list[str] | None = None
        for statement in module.statements:
            if isinstance(statement, Block) or not _ALL.match(self._mask, *statement):
                continue
            exports = exports or []
            for literal in STRING.finditer(self._source, *statement):
                try:
                    exports.append(str(ast.literal_eval(literal.group().decode("utf-8", "replace"))))
                except (ValueError, SyntaxError):  # not a name that could be imported
                    continue
        return exports

    def _text(self, start: int, end: int) -> str:
        return self._source[start:end].decode("utf-8", "replace").replace("\r\n", "\n")


_ENCODER = msgspec.json.Encoder()
