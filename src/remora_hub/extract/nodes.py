"""From statements to nodes: every definition and binding of a file, each with its facts, in source order."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from operator import itemgetter

import msgspec
from xxhash import xxh3_64_hexdigest

from remora_hub.extract.assignments import assigned_attributes, bound_names
from remora_hub.extract.docstrings import first_docstring_line
from remora_hub.extract.exports import read_exports
from remora_hub.extract.quoted_annotations import declared_annotation, header_annotations
from remora_hub.extract.scopes import Scope, is_test_path
from remora_hub.extract.signatures import declared_value, folded_signature
from remora_hub.extract.statements import Block, is_in_method, own_spans
from remora_hub.syntax.headers import Header, count_annotations, read_header, split_arguments
from remora_hub.syntax.logical_line import logical_line_end
from remora_hub.syntax.positions import Lines
from remora_hub.syntax.usage import (
    DECISIONS,
    as_text,
    called_names,
    count_decisions,
    joined,
    marked_names,
    used_names,
)

_PROPERTY = re.compile(r"(?:[\w.]*property|[\w.]+\.(?:setter|getter|deleter))(?:\(.*\))?\Z", re.DOTALL)
_STATIC = re.compile(r"(?:[\w.]*\.)?staticmethod\Z")
_KEYWORD_ARGUMENT = re.compile(rb"\w++\s*+=(?!=)")
_ALIAS_ANNOTATION = (": TypeAlias", ": typing.TypeAlias", ": t.TypeAlias")
_FINAL_ANNOTATION = (": Final", ": typing.Final", ": t.Final", ": ClassVar[Final")
_NEWLINE = ord("\n")
_DEEPEST_NESTING = 100  # what CPython's tokenizer takes ("too many levels of indentation")
_LITERAL = b' \t="0123456789.,[](){}-+'


class NodeFacts(msgspec.Struct, omit_defaults=True, gc=False):
    """The stored form of ``model.NodeState``, less its version and times; fields at their default are not written."""

    path: str
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    digest: str
    name_at: tuple[int, int] | None = None
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
    is_exported: bool = True


class NodeBuilder:
    """Builds the nodes of one file; used once."""

    def __init__(
        self, path: str, source: bytes, mask: bytes, words: bytes, lines: Lines, imported: Mapping[bytes, str]
    ) -> None:
        self._path = path
        self._source = source
        self._mask = mask
        self._lines = lines
        self._words = words
        self._text = as_text(words)
        self._imported = imported
        self._marks = imported.keys() | DECISIONS
        self._in_test_file = is_test_path(path)
        self._attributes: list[tuple[bytes, int, int]] | None = None
        self._found: list[tuple[int, NodeFacts]] = []
        self._depth = 0
        # Where the first block stands that is nested too deeply to be looked into; None if none is.
        self.too_deep_at: int | None = None
        # Where annotations with quotes stand: see ``quoted_annotations``.
        self.annotations: list[tuple[int, int]] = []

    def build(self, module: Block) -> tuple[list[str], list[NodeFacts], list[str] | None]:
        """Return the nodes' key suffixes and facts in source order, and ``__all__`` where the file sets it."""
        exports = read_exports(self._source, self._mask, module)
        self._add_module(module)
        self._visit(module, Scope("module", "", True, frozenset(exports) if exports is not None else None))
        self._found.sort(key=_POSITION)
        seen: dict[str, int] = {}
        suffixes = []
        for _, facts in self._found:
            suffix = facts.qualname
            if suffix in seen:
                seen[suffix] += 1
                facts.ordinal = seen[suffix]
                suffix = f"{suffix}#{facts.ordinal}"
            else:
                seen[suffix] = 1
            suffixes.append(suffix)
        return suffixes, [facts for _, facts in self._found], exports

    def _add_module(self, module: Block) -> None:
        facts = NodeFacts(
            self._path,
            "module",
            "<module>",
            (1, 0, *self._lines.line_and_column(len(self._source))),
            xxh3_64_hexdigest(self._source),
            docstring=first_docstring_line(self._source, self._mask, 0, len(self._mask)),
            calls=called_names(joined(self._text, own_spans(module, 0), " ")),
            is_test=self._in_test_file,
        )
        self._found.append((-1, facts))

    def _visit(self, block: Block, scope: Scope) -> None:
        binds_variables = scope.kind != "function"
        if self._depth > _DEEPEST_NESTING:
            self.too_deep_at = block.start if self.too_deep_at is None else self.too_deep_at
            return
        self._depth += 1
        for statement in block.statements:
            if isinstance(statement, Block):
                self._add_definition(statement, scope)
            elif binds_variables:
                self._add_bindings(*statement, scope)
        self._depth -= 1

    def _add_definition(self, block: Block, scope: Scope) -> None:
        header = read_header(self._mask, block.start, block.end)
        if header is None:
            self._visit(
                block, scope
            )  # a definition still without a name: what it holds belongs to its surroundings
            return
        scope.names.add(header.name)
        name = header.name.decode("utf-8", "replace")
        facts = self._definition_facts(block, header, name, scope)
        self._found.append((block.start, facts))
        if block.statements:
            inner = Scope(block.kind, facts.qualname + ".", facts.is_exported and block.kind == "class")
            self._visit(block, inner)
            if block.kind == "class":
                self._add_attributes(block, inner)

    def _definition_facts(self, block: Block, header: Header, name: str, scope: Scope) -> NodeFacts:
        source, start, end = self._source, block.start, block.end
        decorators = [self._decorator(*span) for span in block.decorators]
        line, column, last, end_column = self._lines.range(start, end)
        facts = NodeFacts(
            self._path,
            "class",
            scope.prefix + name,
            (line, column, last, end_column),
            xxh3_64_hexdigest(source[block.decorators[0][0] if decorators else start : end]),
            name_at=(line, column + header.name_start - start),
            signature=folded_signature(source, header.name_end, header.colon),
            docstring=first_docstring_line(source, self._mask, min(header.colon + 1, end), end),
            decorators=decorators,
            is_exported=scope.exports_name(name),
        )
        if _NEWLINE in self._mask[start : header.name_start]:
            facts.name_at = self._lines.line_and_column(header.name_start)
        if block.kind == "class":
            self._add_class_facts(facts, block, header, name)
        else:
            self._add_function_facts(facts, block, header, scope)
            facts.is_test = self._in_test_file and name.startswith("test") and scope.kind != "function"
        return facts

    def _add_class_facts(self, facts: NodeFacts, block: Block, header: Header, name: str) -> None:
        spans = own_spans(block, header.name_end)
        facts.calls = called_names(joined(self._text, spans, " "))
        marked = marked_names(joined(self._words, spans, b" "), self._imported)
        facts.uses = used_names(marked, self._imported)
        facts.is_test = self._in_test_file and name.startswith("Test")
        if header.parameters[1] > header.parameters[0]:
            facts.bases = self._bases(header)

    def _add_function_facts(self, facts: NodeFacts, block: Block, header: Header, scope: Scope) -> None:
        spans = own_spans(block, header.name_end)
        marked = marked_names(joined(self._words, spans, b" "), self._marks)
        facts.calls = called_names(joined(self._text, spans, " "))
        facts.complexity = 1 + count_decisions(marked, self._mask, spans)
        if block.statements:
            marked = marked_names(self._words[header.name_end : block.end], self._imported)
        facts.uses = used_names(marked, self._imported)
        facts.kind = _function_kind(scope, facts.decorators)
        facts.is_async = header.is_async
        is_bound = scope.kind == "class" and not any(map(_STATIC.match, facts.decorators))
        facts.typed = count_annotations(self._mask, header, is_bound)
        self.annotations += header_annotations(self._mask, header)

    def _decorator(self, start: int, end: int) -> str:
        """The source text behind the ``@``; the grammar's node may reach into the comment or line end behind it."""
        end = start + len(self._mask[start:end].rstrip())
        return self._source[start + 1 : end].decode("utf-8", "replace").replace("\r\n", "\n").strip()

    def _bases(self, header: Header) -> list[str]:
        return [
            folded_signature(self._source, start, end)
            for start, end in split_arguments(self._mask, *header.parameters)
            if not _KEYWORD_ARGUMENT.match(self._mask, start, end)
        ]

    def _add_bindings(self, start: int, end: int, scope: Scope) -> None:
        mask = self._mask
        for name, position in bound_names(mask, start, end):
            if name in scope.names:
                continue
            scope.names.add(name)
            behind = position + len(name)
            signature = declared_value(self._source, behind, end)
            if signature[:1] == ":" and (annotation := declared_annotation(mask, behind, end)):
                self.annotations.append(annotation)
            if (mask.startswith(b"type", start) and position != start) or signature.startswith(
                _ALIAS_ANNOTATION
            ):
                kind = "type_alias"
            elif name.isupper() or signature.startswith(_FINAL_ANNOTATION):
                kind = "constant"
            else:
                kind = "class_variable" if scope.kind == "class" else "variable"
            facts = self._binding_facts(scope, kind, name, position, (start, end), signature)
            if mask[behind:end].strip(
                _LITERAL
            ):  # more than a plain string or number: it may call or use something
                facts.calls = called_names(self._text[start:end])
                marked = marked_names(self._words[start:end], self._imported)
                facts.uses = used_names(marked, self._imported)
            self._found.append((position, facts))

    def _binding_facts(
        self, scope: Scope, kind: str, name: bytes, position: int, span: tuple[int, int], signature: str
    ) -> NodeFacts:
        text = name.decode("utf-8", "replace")
        facts = NodeFacts(
            self._path,
            kind,
            scope.prefix + text,
            self._lines.range(*span),
            xxh3_64_hexdigest(self._source[span[0] : span[1]]),
            signature=signature,
            is_exported=scope.exports_name(text),
        )
        if position != span[0]:
            facts.name_at = self._lines.line_and_column(position)
        return facts

    def _add_attributes(self, class_block: Block, scope: Scope) -> None:
        """Add what the methods of a class assign through ``self``, unless the class declares it."""
        if self._attributes is None:
            self._attributes = assigned_attributes(self._mask)
        first = bisect_left(self._attributes, class_block.start, key=_NAME_POSITION)
        last = bisect_left(self._attributes, class_block.end, key=_NAME_POSITION)
        for name, position, receiver in self._attributes[first:last]:
            if name in scope.names or not is_in_method(class_block, position):
                continue
            scope.names.add(name)
            line_end = min(logical_line_end(self._mask, receiver)[0], class_block.end)
            end = receiver + len(self._mask[receiver:line_end].rstrip())
            behind = position + len(name)
            signature = declared_value(self._source, behind, end)
            if signature[:1] == ":" and (annotation := declared_annotation(self._mask, behind, end)):
                self.annotations.append(annotation)
            facts = self._binding_facts(scope, "attribute", name, position, (receiver, end), signature)
            self._found.append((position, facts))


def _function_kind(scope: Scope, decorators: list[str]) -> str:
    if scope.kind != "class":
        return "function"
    return "property" if decorators and any(map(_PROPERTY.match, decorators)) else "method"


_POSITION = itemgetter(0)
_NAME_POSITION = itemgetter(1)
