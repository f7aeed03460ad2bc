"""Draws names and symbols from Python projects, each with the way it is bound, by ``ast`` and ``symtable`` alone."""

from __future__ import annotations

import ast
import builtins
import keyword
import random
import re
import symtable
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BINDINGS = ("local", "global", "imported", "self", "attribute", "keyword", "builtin", "unbound")
"""How a name is bound: in an enclosing function or class body; in the module by other than import; by an import (names
in import statements included); as a member through ``self``, ``cls`` or ``super()``; as any other attribute; as the
keyword of an argument; by the interpreter; by nothing that can be seen."""

FEW_REFERENCES = range(2, 61)
_SHARE_OF_FEW = 0.85
_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")  # UTF-8, by its bytes
_MODULE_NAMES = {"__file__", "__name__", "__path__", "__package__", "__spec__", "__loader__", "__builtins__"}


@dataclass(frozen=True, slots=True)
class Name:
    """A use of a name: 1-based line, 0-based column in bytes of the UTF-8 line. A symbol's ``binding`` is its kind."""

    path: str
    line: int
    column: int
    name: str
    binding: str


def sample_names(root: Path, count: int, seed: str, *, most_files: int | None = None) -> list[Name]:
    """Up to ``count`` uses of names anywhere in the code below ``root``, every use as likely as any other.

    With ``most_files`` only so many files are looked into: a large project need not be parsed whole.
    """
    names = [name for path, source in _sources(root, seed, most_files) for name in uses(path, source)]
    return sorted(random.Random(seed).sample(names, min(count, len(names))), key=_place)  # noqa: S311  # a sample is no secret


def sample_symbols(root: Path, count: int, seed: str, *, most_files: int | None = None) -> list[Name]:
    """Up to ``count`` definitions below ``root``; most have a name that occurs in ``FEW_REFERENCES`` places.

    With ``most_files`` only so many files are looked into, for definitions and occurrences.
    """
    spelled: Counter[str] = Counter()
    symbols: list[Name] = []
    for path, source in _sources(root, seed, most_files):
        spelled.update(name.name for name in uses(path, source))
        symbols += definitions(path, ast.parse(source))
    chance = random.Random(seed)  # noqa: S311  # a sample is no secret
    chance.shuffle(symbols)
    kinds: defaultdict[str, list[Name]] = defaultdict(list)
    for symbol in symbols:
        if spelled[symbol.name] in FEW_REFERENCES or chance.random() > _SHARE_OF_FEW:
            kinds[symbol.binding].append(symbol)
    turns = [kind.pop() for _ in range(count) for kind in kinds.values() if kind]
    return sorted(turns[:count], key=_place)


def uses(path: str, source: str) -> list[Name]:
    """Every use of a name in ``source``, in no order. Raises SyntaxError."""
    visitor = _Uses(path, source)
    visitor.visit(ast.parse(source))
    return visitor.found


def definitions(path: str, module: ast.Module) -> Iterator[Name]:
    """The functions, classes, methods, module variables and attributes set through ``self`` (once each)."""
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for target in [*targets, *([statement.target] if isinstance(statement, ast.AnnAssign) else [])]:
            if isinstance(target, ast.Name) and not target.id.startswith("__"):
                yield Name(path, target.lineno, target.col_offset, target.id, "variable")
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            yield _defined(path, node, "class")
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield from (_defined(path, one, "method") for one in methods if not one.name.startswith("__"))
            yield from _members(path, methods)
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _defined(path, statement, "function")


def _defined(path: str, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, kind: str) -> Name:
    keywords = {ast.ClassDef: "class ", ast.FunctionDef: "def ", ast.AsyncFunctionDef: "async def "}
    return Name(path, node.lineno, node.col_offset + len(keywords[type(node)]), node.name, kind)


def _members(path: str, methods: list[ast.FunctionDef | ast.AsyncFunctionDef]) -> Iterator[Name]:
    """The first place in each class where an attribute is set through ``self``."""
    seen = set()
    for node in (node for method in methods for node in ast.walk(method)):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()) if name not in seen:
                seen.add(name)
                yield _attribute(path, node, "attribute")
            case _:
                pass


def _attribute(path: str, node: ast.Attribute, binding: str) -> Name:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return Name(path, node.end_lineno, node.end_col_offset - len(node.attr.encode()), node.attr, binding)


class _Uses(ast.NodeVisitor):
    """Walks a module beside its symbol tables and notes every use of a name."""

    def __init__(self, path: str, source: str) -> None:
        self.found: list[Name] = []
        self._path = path
        self._tables: defaultdict[tuple[str, int], list[symtable.SymbolTable]] = defaultdict(list)
        self._scopes = [symtable.symtable(source, path, "exec")]
        self._has_star = "import *" in source
        self._lines = re.split(r"\r\n|\r|\n", source)  # as ast counts them: a form feed ends none
        self._collect(self._scopes[0])

    def _collect(self, table: symtable.SymbolTable) -> None:
        for child in table.get_children():
            self._tables[child.get_name(), child.get_lineno()].append(child)
            self._collect(child)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Store):
            self._note(node.lineno, node.col_offset, node.id, self._binding(node.id))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Store):
            through = node.value.func if isinstance(node.value, ast.Call) else node.value
            wanted = {"super"} if through is not node.value else {"self", "cls"}
            is_member = isinstance(through, ast.Name) and through.id in wanted
            self.found.append(_attribute(self._path, node, "self" if is_member else "attribute"))
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg is not None:
            self._note(node.lineno, node.col_offset, node.arg, "keyword")
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        assert node.end_lineno is not None
        for line in range(node.lineno, node.end_lineno + 1):
            text = self._lines[line - 1].encode()
            begin = node.col_offset if line == node.lineno else 0
            end = node.end_col_offset if line == node.end_lineno else None
            for found in _WORD.finditer(text[:end].partition(b"#")[0], begin):
                name = found[0].decode()
                if not keyword.iskeyword(name):
                    self._note(line, found.start(), name, "imported")

    visit_ImportFrom = visit_Import  # noqa: N815  # the names ast.NodeVisitor looks for

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outside in (*node.decorator_list, *_outside(node.args), node.returns):
            if outside is not None:
                self.visit(outside)
        self._enter(node.name, node.lineno, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  # the names ast.NodeVisitor looks for

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for outside in _outside(node.args):
            self.visit(outside)
        self._enter("lambda", node.lineno, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        self._enter(node.name, node.lineno, node.body)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        """PEP 289, 274: the first iterable is of the enclosing scope, all else of the comprehension's."""
        first, *others = node.generators
        self.visit(first.iter)
        element = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        kinds = {ast.ListComp: "listcomp", ast.SetComp: "setcomp", ast.DictComp: "dictcomp"}
        name = kinds.get(type(node), "genexpr")
        self._enter(name, node.lineno, [*element, first.target, *first.ifs, *others])

    visit_SetComp = visit_ListComp  # noqa: N815  # the names ast.NodeVisitor looks for
    visit_DictComp = visit_ListComp  # noqa: N815  # the names ast.NodeVisitor looks for
    visit_GeneratorExp = visit_ListComp  # noqa: N815  # the names ast.NodeVisitor looks for

    def _enter(self, name: str, line: int, body: Sequence[ast.AST]) -> None:
        known = self._tables[name, line] or [
            self._scopes[-1]
        ]  # a lambda in a postponed annotation has no table
        self._scopes.append(known.pop(0) if len(known) > 1 else known[0])
        for node in body:
            self.visit(node)
        self._scopes.pop()

    def _binding(self, name: str) -> str:
        """From the innermost scope outwards, past the classes around it (PEP 227).

        The tables' own verdict does not do: they leave out what stands in postponed annotations (PEP 563).
        """
        for depth, scope in enumerate(reversed(self._scopes)):
            is_module = depth == len(self._scopes) - 1
            if (scope.get_type() == "class" and depth > 0) or name not in scope.get_identifiers():
                continue
            symbol = scope.lookup(name)
            if symbol.is_imported():
                return "imported"
            if symbol.is_local():
                return "global" if is_module else "local"
        if hasattr(builtins, name) or name in _MODULE_NAMES:
            return "builtin"
        if self._has_star:
            return "imported"
        return (
            "local" if name.startswith("__") and len(self._scopes) > 1 else "unbound"
        )  # mangled, ``__class__``

    def _note(self, line: int, column: int, name: str, binding: str) -> None:
        self.found.append(Name(self._path, line, column, name, binding))


def _outside(arguments: ast.arguments) -> Iterator[ast.expr]:
    """What of a parameter list is evaluated in the enclosing scope: defaults and annotations."""
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    yield from (one.annotation for one in every if one is not None and one.annotation is not None)


def _sources(root: Path, seed: str, most_files: int | None) -> Iterator[tuple[str, str]]:
    """Relative path and text of every file that this Python can compile and that is UTF-8."""
    paths = sorted(root.rglob("*.py"))
    if most_files is not None:
        paths = random.Random(seed).sample(paths, min(most_files, len(paths)))  # noqa: S311  # a sample is no secret
    for path in paths:
        try:
            source = path.read_text("utf-8-sig")
            symtable.symtable(source, str(path), "exec")
        except (SyntaxError, ValueError):  # test data, or a newer syntax; ValueError: not UTF-8, or NUL
            continue
        yield str(path.relative_to(root)), source


def _place(name: Name) -> tuple[str, int, int]:
    return name.path, name.line, name.column
