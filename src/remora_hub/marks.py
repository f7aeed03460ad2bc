"""One character for each symbol that tells how a search ranks it: public or private, test or not, its kind."""

from __future__ import annotations

from collections.abc import Iterable

RANKED_KINDS = (
    "class",
    "function",
    "method",
    "property",
    "type_alias",
    "module",
    "constant",
    "variable",
    "class_variable",
    "attribute",
)
"""Every ``NodeKind``, in the order in which a search lists symbols of the same name."""

_FIRST_MARK = ord("0")
_MARK_OF_KIND = {kind: _FIRST_MARK + rank for rank, kind in enumerate(RANKED_KINDS)}
_TEST = 16
_PRIVATE = 32

_MARKS = {
    (kind, is_test, is_exported): chr(first + _TEST * is_test + _PRIVATE * (not is_exported))
    for kind, first in _MARK_OF_KIND.items()
    for is_test in (False, True)
    for is_exported in (False, True)
}


def mark_for(kind: str, is_test: bool, is_exported: bool) -> str:
    """One character that tells rank, in order of weight: public or private, test or not, place among ``RANKED_KINDS``.

    Raises KeyError for another kind.
    """
    return _MARKS[kind, is_test, is_exported]


def marks_of(kinds: Iterable[str]) -> set[int]:
    """The marks of nodes of these kinds, as characters' codes; a kind that does not exist has none."""
    marks = [_MARK_OF_KIND[kind] for kind in kinds if kind in _MARK_OF_KIND]
    return {mark + test + private for mark in marks for test in (0, _TEST) for private in (0, _PRIVATE)}


def kind_of(mark: int) -> str:
    """The ``NodeKind`` that a mark tells; ``mark`` is the character's code."""
    return RANKED_KINDS[(mark - _FIRST_MARK) % _TEST]
