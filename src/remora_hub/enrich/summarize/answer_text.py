"""What of a model's answer is kept."""

from __future__ import annotations

import re

from remora_hub.terminal import printable

MOST_CHARACTERS = 400
_FENCE = re.compile(r"```\w*")
_QUOTED = re.compile(r"^([\"'`*]+)(.*?)\1$")
_SENTENCE_END = re.compile(r"[.!?](?= )")


def summary_text(answer: str) -> str:
    """The answer on one line, without control characters and markup around it; "" where nothing is left.

    A model that goes on and on is cut at the end of a sentence, or of a word.
    """
    text = " ".join(_FENCE.sub(" ", answer).split())
    if quoted := _QUOTED.match(text):
        text = quoted[2].strip()
    text = printable(text)
    if len(text) <= MOST_CHARACTERS:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, MOST_CHARACTERS + 1)]
    if ends:
        return text[: ends[-1]]
    return (text[: MOST_CHARACTERS - 1].rpartition(" ")[0] or text[: MOST_CHARACTERS - 1]) + "…"
