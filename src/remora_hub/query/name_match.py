"""How a name is compared with what was asked for: case folding, humps, letters in order.

A hump is where a part of a name begins: ``Q`` and ``S`` of ``QuerySet``, ``g``, ``c``, ``f`` and ``s`` of
``get_config_from_source``, ``H`` and ``R`` of ``HTTPResponse``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# Of an ASCII name: capitals up to one that begins a hump, a hump, what is neither.
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z]+")
_FEW_NAMES = 250  # to make a pattern for them would take longer than to look at each


def fold(name: str) -> str:
    """``name`` as it is compared, of the same length, without regard to case."""
    # The only letter whose lower case is two characters long (Unicode's SpecialCasing.txt).
    folded = name.lower()
    return folded if len(folded) == len(name) else name.replace("\u0130", "i").lower()


class HumpPattern:
    """What was asked for, taken as the beginnings of a name's humps, from the first on and others left out.

    ``QSet``, ``qs`` and ``qset`` match ``QuerySet`` and ``query_set``. A capital behind a small letter, or a letter
    behind an underscore, begins a hump; any other letter goes on in the hump before or begins the next that it can.
    ``letters`` are those a name must have, in this order, folded.
    """

    def __init__(self, query: str) -> None:
        self._steps: list[tuple[str, str]] = []
        before = "_"
        for letter in query:
            if letter != "_":
                begins = before == "_" or (letter.isupper() and not before.isupper())
                self._steps.append(("" if begins else letter.lower(), letter.upper()))
            before = letter
        self.letters = fold(query.replace("_", ""))

    def may_begin(self, name: str) -> bool:
        """Whether a name begins with the first hump's letter, underscores aside."""
        return fold(name.lstrip("_")[:1]) == self.letters[:1] != ""

    def matches(self, name: str) -> bool:
        """Whether ``name`` has these humps. A part is taken where it first fits, so not every way is tried.

        Of many names, ask only those ``with_letters_in_order``: most have not even these, which is soon told.
        """
        if not self._steps:
            return False
        form = _with_capital_humps(name.lstrip("_"))
        place = 0
        if not form.startswith(self._steps[0][1]):
            return False
        for letter, head in self._steps[1:]:
            if letter and form.startswith(letter, place + 1):
                place += 1
                continue
            place = form.find(head, place + 1)
            if place < 0:
                return False
        return True


def with_letters_in_order(wanted: str, names: Sequence[str]) -> list[str]:
    """Those of ``names`` for which ``has_letters`` holds, many of them found by one pattern over all."""
    if not wanted:
        return list(names)
    if len(names) <= _FEW_NAMES:
        return [name for name in names if has_letters(wanted, fold(name))]
    # A pattern that begins with the line end goes from line to line; one that begins with ``^`` looks at each letter.
    text = fold("\n".join(["", *names]))
    pattern = re.compile(
        "\n" + "".join(f"[^\n{re.escape(letter)}]*+{re.escape(letter)}" for letter in wanted)
    )
    found, line, counted = [], 0, 0
    for match in pattern.finditer(text):
        start = match.start()
        line += text.count("\n", counted, start)
        counted = start
        found.append(names[line])
    return found


def has_letters(wanted: str, folded: str) -> bool:
    """Whether the letters of ``wanted`` occur in ``folded`` in that order, others between them or not."""
    place = -1
    for letter in wanted:
        place = folded.find(letter, place + 1)
        if place < 0:
            return False
    return True


def has_letters_of(wanted: str) -> Callable[[str], bool]:
    """What tells whether a name has the letters of ``wanted``, which is folded, in that order."""
    return lambda name: has_letters(wanted, fold(name))


def _with_capital_humps(name: str) -> str:
    """``name`` with a capital where a hump begins and small letters elsewhere."""
    if name.islower() or name.isupper():
        return name.title()
    if name.isascii():
        return "".join(map(str.capitalize, _PARTS.findall(name)))
    form = []
    before = "_"
    for here, after in zip(name, name[1:] + "_", strict=True):
        begins = not before.isalpha() or (here.isupper() and (not before.isupper() or after.islower()))
        form.append(here.upper() if begins else here.lower())
        before = here
    return "".join(form)
