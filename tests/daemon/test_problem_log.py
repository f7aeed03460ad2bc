from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from remora_hub.daemon.problem_log import ProblemLog
from remora_hub.daemon.status import Problem
from remora_hub.logs import configure_logs

FULL = Problem("store", "the disk is full", "free space")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    yield stream
    logging.captureWarnings(False)
    for handler in logging.getLogger().handlers[:]:
        if handler.get_name() == "remora_hub":
            logging.getLogger().removeHandler(handler)


def told(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_problem_is_told_when_it_begins_and_when_it_is_over(stream: io.StringIO) -> None:
    now_s = 0.0
    problems = ProblemLog(lambda: now_s)
    problems.compare([])
    problems.compare([FULL])
    now_s = 40.0
    problems.compare([Problem("store", "the disk is full: still", "free space")])
    problems.compare([])
    problems.compare([])
    began, ended = told(stream)
    assert (began["event"], began["level"], began["remedy"]) == ("problem.began", "warning", "free space")
    assert (ended["event"], ended["level"], ended["seconds"]) == ("problem.ended", "info", 40.0)


def test_a_part_that_comes_from_one_trouble_into_another_tells_the_new_remedy_once(
    stream: io.StringIO,
) -> None:
    problems = ProblemLog()
    locked = Problem("store", "another process holds its lock", "end that process")
    for found in ([locked], [FULL], [locked], [locked, FULL], []):
        problems.compare(found)
    assert [(line["event"], line.get("remedy")) for line in told(stream)] == [
        ("problem.began", "end that process"),
        ("problem.began", "free space"),
        ("problem.ended", None),
    ]


def test_each_part_has_problems_of_its_own(stream: io.StringIO) -> None:
    problems = ProblemLog()
    problems.compare([FULL, Problem("watch", "no watches left", "raise the limit")])
    problems.compare([FULL])
    assert [(line["event"], line["part"]) for line in told(stream)] == [
        ("problem.began", "store"),
        ("problem.began", "watch"),
        ("problem.ended", "watch"),
    ]
