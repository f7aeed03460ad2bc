"""Compare extraction with ``ast`` on every file under the given directories that ``ast`` can parse.

Every class and function must be found with its qualified name, first and last line, decorators and the first line of
its docstring, and nothing else. Mismatches are printed; exit 1 if there are any.
"""

from __future__ import annotations

import argparse
import ast
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from remora_hub.extract import extract
from remora_hub.extract.decode import decode_source
from remora_hub.extract.logical_lines import statements_of_lines
from remora_hub.facts import unpack_nodes

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_KINDS = frozenset(("class", "function", "method", "property"))


class Definition(NamedTuple):
    """What both sides say about one class or function; lines are 1-based."""

    qualname: str
    line: int
    end_line: int
    decorators: tuple[str, ...]
    docstring: str | None


def expected(data: bytes) -> list[Definition]:
    """What ``ast`` finds. Raises SyntaxError, ValueError, RecursionError or MemoryError where it cannot parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(data)
    source = decode_source(data).source.decode("utf-8", "replace").replace("\r\n", "\n")
    lines = [line.encode() for line in source.split("\n")]
    return list(_definitions(tree, lines, ""))


def _definitions(parent: ast.AST, lines: list[bytes], prefix: str) -> Iterator[Definition]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, _DEFINITIONS):
            qualname = prefix + node.name
            docstring = ast.get_docstring(node)
            yield Definition(
                qualname,
                node.lineno,
                node.end_lineno or 0,
                tuple(_source(lines, decorator) for decorator in node.decorator_list),
                docstring.split("\n")[0] if docstring is not None else None,
            )
            yield from _definitions(node, lines, qualname + ".")
        elif not isinstance(node, ast.expr):
            yield from _definitions(node, lines, prefix)


def _source(lines: list[bytes], node: ast.expr) -> str:
    """The source of an expression, as ``ast.get_source_segment`` gives it, without splitting the source each time."""
    first, last, end = node.lineno - 1, (node.end_lineno or node.lineno) - 1, node.end_col_offset
    if first == last:
        return lines[first][node.col_offset : end].decode()
    return b"\n".join([lines[first][node.col_offset :], *lines[first + 1 : last], lines[last][:end]]).decode()


def found(extractor: extract.Extractor, path: str, data: bytes) -> list[Definition]:
    """What extraction finds."""
    definitions = []
    for body in unpack_nodes(extractor.extract(path, data).nodes):
        node: dict[str, Any] = msgspec.json.decode(body)
        if node["kind"] in _KINDS:
            line, _, end_line, _ = node["range"]
            decorators = tuple(node.get("decorators", ()))
            definitions.append(
                Definition(node["qualname"], line, end_line, decorators, node.get("docstring"))
            )
    return definitions


def verify(root: Path, say: Any) -> Counter[str]:
    """Compare all files under ``root``; every mismatch is said, and all is counted."""
    counts: Counter[str] = Counter()
    extractor = extract.Extractor()
    for path in sorted(root.rglob("*.py")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        try:
            wanted = expected(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            counts["not parsed by ast"] += 1
            continue
        counts["files"] += 1
        counts["definitions"] += len(wanted)
        differing = Counter(wanted)
        differing.subtract(found(extractor, str(path), data))
        for definition, count in differing.items():
            if count:
                counts["mismatches"] += 1
                say(f"{path}: {'missing' if count > 0 else 'extra'} {definition}\n")
    return counts


def main() -> int:
    """Verify every directory named; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--lines", action="store_true", help="take every structure from the logical lines")
    options = parser.parse_args()
    if options.lines:
        vars(extract)["statements_of_tree"] = lambda _, mask, *__: statements_of_lines(mask)
    total: Counter[str] = Counter()
    for directory in options.directories:
        counts = verify(directory, sys.stdout.write)
        sys.stdout.write(f"{directory}: {dict(counts)}\n")
        total += counts
    return 1 if total["mismatches"] else 0


if __name__ == "__main__":
    sys.exit(main())
