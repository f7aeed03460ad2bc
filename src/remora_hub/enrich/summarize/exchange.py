"""What is asked of a chat model, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from remora_hub.enrich.failures import CallError, Failure


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told to do, and what to do it to."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The model's text, which may be empty, and why it ended, in the provider's word.

    Tokens as the provider counted them, hidden reasoning included; None where it did not say.
    """

    text: str
    stopped_by: str
    input_tokens: int | None
    output_tokens: int | None


class ChatError(CallError):
    """A call that failed. ``may_be_billed``: the provider may have counted tokens for it, nobody knows how many."""

    def __init__(self, failure: Failure, *, may_be_billed: bool) -> None:
        super().__init__(failure)
        self.may_be_billed = may_be_billed


class ChatModel(Protocol):
    """What answers prompts."""

    async def complete(self, prompt: Prompt, max_output_tokens: int) -> Completion:
        """Ask. Raises ChatError, RefusedError."""
        ...
