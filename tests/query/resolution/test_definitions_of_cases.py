"""Definitions, with the answers inside the cases.

``cases/*.txt`` hold cases, each begun by ``=== title`` and its files by ``--- path``. A line whose first character is a
caret belongs to the code above it and is taken out: ``^ =label`` names the place over the caret as a definition,
``^ label ...`` says that the name over the caret is defined there, with ``?`` before the labels if that is not certain,
and ``^ -`` that nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remora_hub.answers import Definition, Place
from remora_hub.query.definition import definitions

Ask = Callable[..., Awaitable[Any]]

_MARK = re.compile(r"( *)\^ (.*)")


@dataclass
class Case:
    title: str
    sources: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Place] = field(default_factory=dict)
    questions: list[tuple[Place, str]] = field(default_factory=list)

    def add(self, path: str, text: str) -> None:
        lines: list[str] = []
        for line in text.splitlines():
            mark = _MARK.fullmatch(line)
            if mark is None:
                lines.append(line)
                continue
            place = Place(path, len(lines), len(mark[1]))
            if mark[2].startswith("="):
                assert mark[2][1:] not in self.labels, f"{self.title}: {mark[2]} twice"
                self.labels[mark[2][1:]] = place
            else:
                self.questions.append((place, mark[2]))
        self.sources[path] = "\n".join(lines) + "\n"

    def shown(self, found: list[Definition]) -> str:
        """Answers as a question's mark has them; what has no label is shown as a place."""
        names = {place: label for label, place in self.labels.items()}
        places = (Place(one.path, one.line, one.column) for one in found)
        shown = sorted(names.get(place, f"{place.path}:{place.line}:{place.column}") for place in places)
        return " ".join([*(["?"] if found and not found[0].certain else []), *shown]) or "-"


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for file in sorted((Path(__file__).parent / "cases").glob("*.txt")):
        for text in re.split(r"^=== ", file.read_text(), flags=re.MULTILINE)[1:]:
            title, _, body = text.partition("\n")
            case = Case(f"{file.stem}: {title}")
            for section in re.split(r"^--- ", body, flags=re.MULTILINE)[1:]:
                path, _, source = section.partition("\n")
                case.add(path, source)
            cases.append(case)
    return cases


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in read_cases()])
async def test_a_name_is_defined_where_the_case_says(ask: Ask, case: Case) -> None:
    assert case.questions
    answers = await ask(
        case.sources,
        lambda index: [
            (place, expected, case.shown(definitions(index, place))) for place, expected in case.questions
        ],
    )
    wrong = [
        f"{place.path}:{place.line}:{place.column}: {found}, not {expected}"
        for place, expected, found in answers
        if found.split()
        != expected.split()[:1] * expected.startswith("?") + sorted(expected.removeprefix("?").split())
    ]
    assert not wrong, "\n".join(wrong)
