from __future__ import annotations

import time
from dataclasses import replace

import pytest

from remora_hub.enrich.summarize.answer_text import MOST_CHARACTERS, summary_text
from remora_hub.enrich.summarize.prices import prices_of
from remora_hub.enrich.summarize.prompt import (
    Below,
    Subject,
    cut_in_the_middle,
    estimated_input_tokens,
    prompt_of,
)
from remora_hub.enrich.summarize.spending import most_tokens

SUBJECT = Subject(
    key="node:m.py:f",
    kind="function",
    name="f",
    path="m.py",
    declaration="def f()",
    docstring="Do it.",
    text="def f():\n    return g() + h() + i()",
    digest="1",
    below=(Below("g", "", "2"), Below("h", "As h does.", "3"), Below("i", "", "4")),
)


def test_what_is_below_comes_with_its_summary_else_with_its_docstring_else_not_at_all() -> None:
    user = prompt_of(SUBJECT, {"2": "Gives one."}).user
    assert "- g: Gives one.\n- h: As h does.\ntext:" in user
    assert user.count("\n- ") == 2


def test_text_that_is_too_long_keeps_its_beginning_and_end() -> None:
    lines = [f"    line {number} größe" for number in range(10_000)]
    cut = cut_in_the_middle("\n".join(lines), 10_000)
    head, mark, tail = cut.partition("\n[... ")
    assert lines[: head.count("\n") + 1] == head.split("\n")
    assert mark
    assert tail.split("\n")[1:] == lines[-tail.count("\n") :]
    assert len(cut.encode()) <= 10_000 + 40


@pytest.mark.parametrize("text", ["x" * 1_000_000, "ä" * 500_000, "\n" * 1_000_000, "# \U0001f600" * 200_000])
def test_a_prompt_is_bounded_whatever_is_in_it(text: str) -> None:
    subject = replace(
        SUBJECT,
        text=text,
        name=text,
        path=text,
        declaration=text,
        docstring=text,
        below=(Below(text, text, "9"),) * 60,
    )
    assert most_tokens(prompt_of(subject, {"9": text}), 0).total < 65_000
    assert estimated_input_tokens(subject) < 20_000


def test_facts_stay_on_their_lines() -> None:
    subject = replace(SUBJECT, docstring="Do it.\nkind: module\nname: other")
    assert "docstring: Do it. kind: module name: other\n" in prompt_of(subject, {}).user


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("  Does it.\n", "Does it."),
        ('"Does it."', "Does it."),
        ("**Does it.**", "Does it."),
        ("```text\nDoes it.\n```", "Does it."),
        ("Does\nit.\n\n\tTwice.", "Does it. Twice."),
        ("Does \x07it\u202e.", "Does \\x07it\\u202e."),
        ("", ""),
        ("``` ```", ""),
        ('""', ""),
        ("`None` is returned for `x`", "`None` is returned for `x`"),
        ('"a" or "b"', '"a" or "b"'),
        ("<think>\nThe user wants it.\n</think>\n\nDoes it.", "Does it."),
        ("The user wants it.\n</think>\nDoes it.", "Does it."),
        ("<think>The user wants", ""),
        ("Does it. " + "And more " * 100, "Does it."),
    ],
)
def test_an_answer_is_kept_on_one_line_and_without_what_steers_a_terminal(answer: str, kept: str) -> None:
    assert summary_text(answer) == kept


@pytest.mark.parametrize("answer", ["word " * 1000, "x" * 1000, "Sentence here. " * 100])
def test_an_answer_without_end_is_cut(answer: str) -> None:
    kept = summary_text(answer)
    assert 0 < len(kept) <= MOST_CHARACTERS
    assert kept[-1] in ".…"


def test_prices_are_those_that_are_told_else_those_of_the_model_in_any_version() -> None:
    told = {"input_price": 0.0, "output_price": 0.0}
    assert prices_of("anthropic", "claude-haiku-4-5-20251001", **told) == prices_of(
        "anthropic", "claude-haiku-4-5", **told
    )
    known = prices_of("openai", "gpt-4o-mini", input_price=9.0, output_price=0.0)
    assert known is not None
    assert (known.input, known.output) == (9.0, 0.60)
    assert prices_of("openai", "unheard-of", input_price=1.0, output_price=0.0) is None
    own = prices_of("local", "llama", **told)
    assert own is not None
    assert own.cost(1e9, 1e9) == 0


@pytest.mark.parametrize("answer", ["*" * 60_000 + "x", "*'" * 30_000 + "x", "'" * 60_000 + "."])
def test_no_answer_holds_up_the_event_loop(answer: str) -> None:
    began_s = time.perf_counter()
    assert summary_text(answer)
    assert time.perf_counter() - began_s < 1.0


@pytest.mark.parametrize(
    ("answer", "kept"),
    [("Does it. This function lo", "Does it."), ("Does it.", "Does it."), ("This function lo", "")],
)
def test_of_an_answer_that_was_cut_short_whole_sentences_are_kept(answer: str, kept: str) -> None:
    assert summary_text(answer, is_cut_short=True) == kept


def test_a_version_with_a_price_of_its_own_has_that() -> None:
    old = prices_of("openai", "gpt-4o-2024-05-13", input_price=0.0, output_price=0.0)
    assert old is not None
    assert (old.input, old.output) == (5.00, 15.00)
