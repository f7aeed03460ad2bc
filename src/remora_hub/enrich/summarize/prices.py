"""What tokens cost, for the estimate and the budget."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PER = 1_000_000

# US dollars for a million tokens read and written, as the providers' price lists had it in November 2025. They change:
# the configuration's ``input_price`` and ``output_price`` come before these.
_PRICES: dict[str, dict[str, tuple[float, float]]] = {
    "openai": {
        "gpt-4o": (2.50, 10.00),
        "gpt-4o-2024-05-13": (5.00, 15.00),
        "gpt-4o-mini": (0.15, 0.60),
        "gpt-4.1": (2.00, 8.00),
        "gpt-4.1-mini": (0.40, 1.60),
        "gpt-4.1-nano": (0.10, 0.40),
        "gpt-5": (1.25, 10.00),
        "gpt-5-mini": (0.25, 2.00),
        "gpt-5-nano": (0.05, 0.40),
    },
    "anthropic": {
        "claude-3-5-haiku": (0.80, 4.00),
        "claude-haiku-4-5": (1.00, 5.00),
        "claude-sonnet-4-5": (3.00, 15.00),
    },
    "google": {
        "gemini-2.0-flash": (0.10, 0.40),
        "gemini-2.5-flash-lite": (0.10, 0.40),
        "gemini-2.5-flash": (0.30, 2.50),
        "gemini-2.5-pro": (1.25, 10.00),
    },
}
_VERSION = re.compile(r"-(?:latest|\d{8}|\d{4}-\d{2}-\d{2}|00\d)$")


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input: float
    output: float

    def cost(self, input_tokens: float, output_tokens: float) -> float:
        """US dollars."""
        return (self.input * input_tokens + self.output * output_tokens) / _PER


def prices_of(provider: str, model: str, *, input_price: float, output_price: float) -> Prices | None:
    """What is told, else what is known of the model, in any of its dated versions; None if nothing is.

    A model of one's own costs nothing.
    """
    of_provider = _PRICES.get(provider, {})
    known = of_provider.get(model) or of_provider.get(_VERSION.sub("", model))
    if provider == "local":
        known = 0.0, 0.0
    if known is None and not (input_price and output_price):
        return None
    known_input, known_output = known or (0.0, 0.0)
    return Prices(input_price or known_input, output_price or known_output)
