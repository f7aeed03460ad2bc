"""The budget of a run, which is kept: no call is sent whose worst case is more than what is left.

The worst case of a call is a token for each byte of the prompt, as no tokenizer makes more of text, and as many tokens
as the model may write. What is reserved above what the call then costs is only out of reach while it is under way.
So the budget holds as far as the provider keeps to the most that it is told to write, which the hosted ones do.
"""

from __future__ import annotations

from dataclasses import dataclass

from remora_hub.enrich.failures import CallError, Category, Failure
from remora_hub.enrich.summarize.exchange import Prompt
from remora_hub.enrich.summarize.prices import Prices

TEMPLATE_TOKENS = 64
"""What providers add to a prompt: marks of roles, of the beginning and the end."""


class TooLargeError(CallError):
    """All of the budget could not take this call. Another budget may: the run goes on without it."""

    def __init__(self) -> None:
        super().__init__(Failure(Category.CANCELLED, "it may take more than the whole budget", False))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Read and written."""

    input: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.input + self.output

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output)

    def __sub__(self, other: Tokens) -> Tokens:
        return Tokens(self.input - other.input, self.output - other.output)


def most_tokens(prompt: Prompt, max_output_tokens: int) -> Tokens:
    """The worst case of a call."""
    size = len(prompt.system.encode()) + len(prompt.user.encode())
    return Tokens(size + TEMPLATE_TOKENS, max_output_tokens)


class Spending:
    """What a run has used and reserved; for one event loop. None: no budget.

    ``is_spent``: a call did not fit while none was under way, so that no more can come of waiting. ``too_large``: how
    many would not have fitted into all of it; they must not end the run, or every run would end at the same one.
    """

    def __init__(self, prices: Prices | None, *, max_tokens: int | None, max_cost: float | None) -> None:
        """``prices`` have to be known where there is a ``max_cost``, in US dollars."""
        assert max_cost is None or prices is not None
        self.used = Tokens()
        self.is_spent = False
        self.too_large = 0
        self._prices = prices
        self._max_tokens = max_tokens
        self._max_cost = max_cost
        self._reserved = Tokens()
        self._under_way = 0

    @property
    def cost(self) -> float | None:
        """US dollars; None where prices are not known."""
        return None if self._prices is None else self._cost(self.used)

    def reserve(self, most: Tokens) -> bool:
        """Whether the budget has room for that, which is reserved then. Raises TooLargeError."""
        if not self._fits(most) and self._fits(Tokens(TEMPLATE_TOKENS, most.output)):
            self.too_large += 1
            raise TooLargeError
        if self.is_spent or not self._fits(self.used + self._reserved + most):
            self.is_spent |= not self._under_way
            return False
        self._reserved += most
        self._under_way += 1
        return True

    def settle(self, reserved: Tokens, used: Tokens) -> None:
        """A call is over; where nobody knows what it used, that is what was reserved."""
        self._reserved -= reserved
        self.used += used
        self._under_way -= 1

    def _fits(self, wanted: Tokens) -> bool:
        if self._max_tokens is not None and wanted.total > self._max_tokens:
            return False
        return self._max_cost is None or self._cost(wanted) <= self._max_cost

    def _cost(self, tokens: Tokens) -> float:
        assert self._prices is not None
        return self._prices.cost(tokens.input, tokens.output)
