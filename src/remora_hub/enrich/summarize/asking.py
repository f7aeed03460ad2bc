"""One subject: its prompt, its share of the budget, the question, and what of the answer is kept."""

from __future__ import annotations

from collections.abc import Mapping

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.failures import BadAnswerError, RefusedError
from remora_hub.enrich.summarize.answer_text import summary_text
from remora_hub.enrich.summarize.exchange import ChatError, ChatModel, Completion, Prompt
from remora_hub.enrich.summarize.prompt import Subject, prompt_of
from remora_hub.enrich.summarize.spending import Spending, Tokens, TooLargeError, most_tokens

MAX_OUTPUT_TOKENS = 1000
"""Of one answer. It takes a tenth of that, but models that think first write more than they show."""
_CUT_SHORT = frozenset(
    ("length", "max_tokens", "MAX_TOKENS", "content_filter", "refusal", "SAFETY", "RECITATION")
)


class Asking:
    """The ``process`` of a run. ``refused``: why no call can succeed; the run is cancelled then, as when its budget is
    spent. ``summaries`` by digest are those that may stand in prompts.
    """

    def __init__(
        self, model: ChatModel, spending: Spending, control: RunControl, summaries: Mapping[str, str]
    ) -> None:
        self.refused: RefusedError | None = None
        self.spending = spending
        self._model = model
        self._control = control
        self._summaries = dict(summaries)
        self._admitted: dict[str, Prompt | TooLargeError] = {}

    def admit(self, subject: Subject) -> bool:
        """Reserve what its call may take; False as long as the budget has no room for it."""
        prompt = prompt_of(subject, self._summaries)
        try:
            if not self.spending.reserve(most_tokens(prompt, MAX_OUTPUT_TOKENS)):
                if self.spending.is_spent:
                    self._control.cancel()  # nothing is under way that would be lost
                return False
        except TooLargeError as error:
            self._admitted[subject.key] = error
        else:
            self._admitted[subject.key] = prompt
        return True

    async def __call__(self, subject: Subject) -> Answer[str]:
        """The summary of what was admitted. Raises CallError, RefusedError."""
        admitted = self._admitted.pop(subject.key)
        if isinstance(admitted, TooLargeError):
            raise admitted
        completion, used = await self._ask(admitted)
        is_cut_short = completion.stopped_by in _CUT_SHORT
        text = summary_text(completion.text, is_cut_short=is_cut_short)
        if not text:
            # Cut short once, it would be again, at the highest price there is.
            raise BadAnswerError(
                f"no sentence is in it (the model ended with: {completion.stopped_by[:50] or 'nothing'})",
                is_worth_retrying=not is_cut_short,
            )
        self._summaries[subject.digest] = text
        return Answer(text, used.total)

    async def _ask(self, prompt: Prompt) -> tuple[Completion, Tokens]:
        """The completion, and what it used, as far as the provider said; the budget has been told."""
        most = used = most_tokens(prompt, MAX_OUTPUT_TOKENS)
        try:
            completion = await self._model.complete(prompt, MAX_OUTPUT_TOKENS)
            used = _counted(completion, most)
        except ChatError as error:
            if not error.may_be_billed:
                used = Tokens()
            raise
        except RefusedError as error:
            used = Tokens()
            self.refused = error
            self._control.cancel()
            raise
        finally:
            self.spending.settle(most, used)
        return completion, used


def _counted(completion: Completion, most: Tokens) -> Tokens:
    """As the provider says; where it does not, or says what cannot be, the worst case."""
    read, written = completion.input_tokens, completion.output_tokens
    if read is None or written is None or read <= 0 or written < 0:
        return most
    return Tokens(read, written)
