"""Which import statements import a module."""

from __future__ import annotations

from collections.abc import Iterator

from remora_hub.answers import Import
from remora_hub.query.file_facts import ImportStatement
from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile
from remora_hub.syntax.line import Line
from remora_hub.syntax.roles import Imported

_INIT = ("__init__.py", "__init__.pyi")
_BEFORE_STATEMENT = frozenset((b";", b":"))
_IMPORTING = frozenset((b"import", b"from"))


def importers(index: Index, path: str) -> list[Import]:
    """The import statements that name the module at ``path``, or take names from it, by path and position.

    ``module`` is as written, with its dots; ``names`` are what a ``from`` takes that concerns the module, as written.
    ``from a import b`` names ``a``, and ``a.b`` where that is a module; ``import a.b`` names both, for it binds ``a``.
    What is imported by a string at run time is not seen.
    """
    target = index.modules.source_of(path) or path
    found: list[Import] = []
    for importer in _candidates(index, target):
        file = index.file(importer)
        if file is None or importer == path:
            continue
        for number, statement in enumerate(file.imports):
            names = _names_taken(index, importer, statement, target)
            if names is not None:
                found.append(_import(file, number, statement, names))
    return found


def _candidates(index: Index, path: str) -> list[str]:
    """The files that may import a module: those with the last part of its name; in a package dots are enough."""
    name = index.modules.name_of(path).rpartition(".")[2]
    found = set(index.files_naming(name)) if name else set()
    directory, _, file_name = path.rpartition("/")
    if file_name in _INIT:
        prefix = f"{directory}/" if directory else ""
        found.update(other for other in index.paths() if other.startswith(prefix))
    return sorted(found)


def _names_taken(index: Index, importer: str, statement: ImportStatement, target: str) -> list[str] | None:
    """The names that a statement takes from a module, or the module's own; None if it does not import it."""
    modules = index.modules
    if not statement.module and not statement.level:
        dotted = (name.partition(" ")[0] for name in statement.names)
        is_named = any(
            modules.find(Imported(name), importer) == target for one in dotted for name in _bound(one)
        )
        return [] if is_named else None
    if modules.find(Imported(statement.module, statement.level), importer) == target:
        return list(statement.names)
    package = modules.find(Imported(statement.module, statement.level), importer)
    if package is None:
        return None
    taken = [name for name in statement.names if modules.submodule(package, name.partition(" ")[0]) == target]
    return taken or None


def _bound(dotted: str) -> Iterator[str]:
    """A dotted module and the packages it is in, all of which ``import`` makes reachable."""
    parts = dotted.split(".")
    return (".".join(parts[:count]) for count in range(len(parts), 0, -1))


def _import(file: SourceFile, number: int, statement: ImportStatement, names: list[str]) -> Import:
    in_line = [n for n, other in enumerate(file.imports) if other.line == statement.line]
    start, end = _span(file, statement, in_line.index(number))
    line, column = file.code.line_and_column(start)
    is_plain = not statement.module and not statement.level
    return Import(
        file.path,
        line,
        column,
        *file.code.line_and_column(end),
        module=", ".join(statement.names) if is_plain else "." * statement.level + statement.module,
        names=names,
        type_checking=statement.type_checking,
    )


def _span(file: SourceFile, statement: ImportStatement, number: int) -> tuple[int, int]:
    """Where the import statement ``number`` of those that begin in the same line stands."""
    begin = file.code.offset(statement.line, 0)
    number_of_line = file.line_number(begin)
    starts, ends = file.lines
    if number_of_line < 0 or ends[number_of_line] <= begin:
        number_of_line += 1  # blanks before the first token
    line = file.roles_at(starts[number_of_line]).line
    spans = [span for span in _statements(line) if span[0] >= begin]
    return spans[min(number, len(spans) - 1)] if spans else (starts[number_of_line], ends[number_of_line])


def _statements(line: Line) -> Iterator[tuple[int, int]]:
    """Where the import statements of a logical line stand."""
    for index, text in enumerate(line.texts):
        if text in _IMPORTING and (index == 0 or line.texts[index - 1] in _BEFORE_STATEMENT):
            last = next((n for n in range(index, len(line)) if line.texts[n] == b";"), len(line)) - 1
            yield line.starts[index], line.starts[last] + len(line.texts[last])
