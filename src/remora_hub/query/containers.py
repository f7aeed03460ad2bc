"""What a qualified query says of where a symbol stands: ``models.QuerySet`` of ``models.QuerySet.filter``."""

from __future__ import annotations

from collections.abc import Sequence

from remora_hub.query.name_match import HumpPattern, fold


class Containers:
    """Names of packages, modules, classes and functions, the outermost first; others may stand between them.

    Each may be the beginning of a name, or its humps.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [fold(name) for name in names]
        self._humps = [HumpPattern(name) for name in names]

    def __bool__(self) -> bool:
        return bool(self._names)

    @property
    def innermost(self) -> tuple[str, HumpPattern]:
        """The last of the names, folded, and its humps."""
        return self._names[-1], self._humps[-1]

    def rank(self, scope: Sequence[str]) -> int | None:
        """How well a symbol's ``scope`` matches: 0 where it ends in these very names, else 1; None if it does not."""
        if [fold(name) for name in scope[-len(self._names) :]] == self._names:
            return 0
        left = len(scope)
        for name, humps in zip(reversed(self._names), reversed(self._humps), strict=True):
            left -= 1
            while left >= 0 and not (fold(scope[left]).startswith(name) or humps.matches(scope[left])):
                left -= 1
            if left < 0:
                return None
        return 1
