"""The questions that search is measured by."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

QUESTIONS = Path(__file__).parents[2] / "scripts" / "search_questions.toml"
ANSWER = re.compile(r"[\w/]+\.py(:[\w.]+)?")


def test_there_are_fifty_of_each_project_with_well_formed_answers() -> None:
    projects = tomllib.loads(QUESTIONS.read_text())
    assert {name: len(questions) for name, questions in projects.items()} == {"django": 50, "sympy": 50}
    for questions in projects.values():
        for answers in questions.values():
            assert answers
            assert len(set(answers)) == len(answers)
            assert all(ANSWER.fullmatch(answer) for answer in answers)


def test_no_question_says_the_name_it_asks_for() -> None:
    for questions in tomllib.loads(QUESTIONS.read_text()).values():
        for question, answers in questions.items():
            names = {answer.rpartition(":")[2].rpartition(".")[2] for answer in answers if ":" in answer}
            assert not {name for name in names if "_" in name and name in question}
