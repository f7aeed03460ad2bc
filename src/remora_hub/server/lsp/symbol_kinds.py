"""Kinds of nodes as the protocol's ``SymbolKind``; none beyond those every client must know (1 to 18)."""

from __future__ import annotations

_MODULE, _CLASS, _METHOD, _PROPERTY, _FIELD, _CONSTRUCTOR = 2, 5, 6, 7, 8, 9
_FUNCTION, _VARIABLE, _CONSTANT = 12, 13, 14

_KINDS = {
    "module": _MODULE,
    "class": _CLASS,
    "function": _FUNCTION,
    "method": _METHOD,
    "property": _PROPERTY,
    "variable": _VARIABLE,
    "class_variable": _FIELD,
    "constant": _CONSTANT,
    "type_alias": _VARIABLE,
    "attribute": _FIELD,
}


def symbol_kind(kind: str, name: str) -> int:
    """The ``SymbolKind`` of a node."""
    return _CONSTRUCTOR if kind == "method" and name == "__init__" else _KINDS.get(kind, _VARIABLE)
