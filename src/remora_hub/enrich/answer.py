"""What a call may return beside its bare result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, Literal, TypeVar

Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value_co]):
    """A result with the tokens that it cost, as the provider counted them; None: the estimate stands."""

    value: Value_co
    tokens: int | None = None


class Skipped(Enum):
    """The one value that stands in the results for an item that ``skip`` left out."""

    SKIPPED = "skipped"

    def __repr__(self) -> str:
        return "SKIPPED"


SKIPPED: Final[Literal[Skipped.SKIPPED]] = Skipped.SKIPPED
