"""One subject: its prompt, its share of the budget, the question, and what of the answer is kept."""

from __future__ import annotations

from collections.abc import Mapping

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.failures import BadAnswerError, RefusedError
from remora_hub.enrich.summarize.answer_text import summary_text
from remora_hub.enrich.summarize.exchange import ChatError, ChatModel, Completion, Prompt
from remora_hub.enrich.summarize.prompt import Subject, prompt_of
from remora_hub.enrich.summarize.spending import BudgetSpentError, Spending, Tokens, most_tokens

MAX_OUTPUT_TOKENS = 1000
"""Of one answer. It takes a tenth of that, but models that think first write more than they show."""


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

    async def __call__(self, subject: Subject) -> Answer[str]:
        """The summary. Raises CallError, RefusedError."""
        prompt = prompt_of(subject, self._summaries)
        completion, used = await self._ask(prompt)
        text = summary_text(completion.text)
        if not text:
            raise BadAnswerError(
                f"it is empty (the model ended with: {completion.stopped_by[:50] or 'nothing'})"
            )
        self._summaries[subject.digest] = text
        return Answer(text, used.total)

    async def _ask(self, prompt: Prompt) -> tuple[Completion, Tokens]:
        """The completion, and what it used, as far as the provider said; the budget has been told."""
        most = used = most_tokens(prompt, MAX_OUTPUT_TOKENS)
        try:
            await self.spending.reserve(most)
        except BudgetSpentError:
            self._control.cancel()  # nothing is under way that would be lost
            raise
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
    """As the provider says; where it does not, the worst case."""
    if completion.input_tokens is None or completion.output_tokens is None:
        return most
    return Tokens(completion.input_tokens, completion.output_tokens)
