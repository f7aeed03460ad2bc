"""What of a model's answer is kept."""

from __future__ import annotations

import re

from remora_hub.terminal import printable

MOST_CHARACTERS = 400
_FENCE = re.compile(r"```\w*")
_MARKS = ("**", "*", "`", '"', "'")
_SENTENCE_END = re.compile(r"[.!?](?= )")


def summary_text(answer: str, *, is_cut_short: bool = False) -> str:
    """The answer on one line, without control characters and markup around it; "" where nothing is left.

    A model that goes on and on is cut at the end of a sentence, or of a word. Of an answer that ``is_cut_short`` whole
    sentences are kept.
    """
    text = " ".join(_FENCE.sub(" ", _without_thoughts(answer)).split())
    text = printable(_without_marks(text))
    if len(text) <= MOST_CHARACTERS and not is_cut_short:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(f"{text} ", 0, MOST_CHARACTERS + 1)]
    if ends or is_cut_short:
        return text[: ends[-1]] if ends else ""
    return (text[: MOST_CHARACTERS - 1].rpartition(" ")[0] or text[: MOST_CHARACTERS - 1]) + "…"


def _without_thoughts(answer: str) -> str:
    """A server that is not told how a model marks its thoughts leaves them before the answer; some begin unmarked."""
    _, mark, rest = answer.partition("</think>")
    if mark:
        return rest
    return "" if answer.lstrip().startswith("<think>") else answer


def _without_marks(text: str) -> str:
    """Without those that stand around all of it; those around its first and its last word are no such."""
    for mark in _MARKS:
        size = len(mark)
        inner = text[size:-size]
        if len(text) >= 2 * size and text.startswith(mark) and text.endswith(mark) and mark not in inner:
            return inner.strip()
    return text
