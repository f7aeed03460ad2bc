"""``__all__``: what a module says its public names are (language reference, section 7.11)."""

from __future__ import annotations

import ast
import re

from remora_hub.extract.statements import Block

_ALL = re.compile(rb"__all__\s*+(?:[+:=]|\.(?:extend|append)\b)")
_MASKED_STRING = re.compile(rb'"[^"]*+"')


def read_exports(source: bytes, mask: bytes, module: Block) -> list[str] | None:
    """``__all__``, from every statement at module level that sets or extends it with literals; None if none does."""
    if b"__all__" not in mask:
        return None
    exports: list[str] | None = None
    for statement in module.statements:
        if isinstance(statement, Block) or not _ALL.match(mask, *statement):
            continue
        exports = exports or []
        for literal in _MASKED_STRING.finditer(mask, *statement):
            try:
                text = source[literal.start() : literal.end()].decode("utf-8", "replace")
                # An escape may stand for a surrogate, which no record can hold, and no name is.
                exports.append(str(ast.literal_eval(text)).encode("utf-8", "replace").decode())
            except (ValueError, SyntaxError):  # not a name that could be imported
                continue
    return exports
