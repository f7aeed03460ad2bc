"""Identifiers and questions as words: ``getHTTPName``, ``get_http_name`` and "get http name" are the same."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")

# What a question is made of beside what it is about.
_COMMON = frozenset(
    """
    a about all an and any are as at be been by can could do does for from had has have how i if in into is it its me
    my of on or our should so some that the their them then there these they this those to us was we were what when
    where which who why will with would you your
    """.split()  # noqa: SIM905  # a list of sixty strings is no better to read
)


def words_of(text: str) -> list[str]:
    """All words, folded, in their order."""
    return [word.lower() for word in _WORD.findall(text)]


def telling_words(question: str) -> list[str]:
    """The words of a question that tell what it is about, each once; all of them where none does."""
    words = list(dict.fromkeys(words_of(question)))
    return [word for word in words if word not in _COMMON] or words
