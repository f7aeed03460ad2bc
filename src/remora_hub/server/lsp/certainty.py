"""What an editor is shown of answers that may be candidates: it cannot tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

_MOST_CANDIDATES = 10


class _Judged(Protocol):
    @property
    def certain(self) -> bool:
        """Whether the target was decided."""


J = TypeVar("J", bound=_Judged)


def shown(found: Sequence[J]) -> list[J]:
    """The certain ones; where there are none, the best candidates in their order."""
    return [one for one in found if one.certain] or list(found[:_MOST_CANDIDATES])
