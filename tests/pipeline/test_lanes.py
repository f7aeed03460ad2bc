"""Parse lanes with real processes: hanging and dying ones, and what becomes of the files."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import psutil
import pytest

from remora_hub.errors import LaneError
from remora_hub.facts import PackedFile
from remora_hub.pipeline import lane as lane_module
from remora_hub.pipeline.lane import Request
from remora_hub.pipeline.lanes import ParseLanes, Postponed, Refusal

HANGING = Request("hang.py", b"\\\n" * 40_000)


def good(count: int) -> list[Request]:
    return [Request(f"good{number}.py", b"def f(): pass\n") for number in range(count)]


@pytest.fixture
def lanes() -> Iterator[ParseLanes]:
    made = ParseLanes(1, limit_s=2.0, idle_s=60)  # a fourth of that for each of many
    yield made
    made.close()


def test_requests_are_answered_in_order(lanes: ParseLanes) -> None:
    answers = list(lanes.extract(good(20)))
    assert [request.path for request, _ in answers] == [f"good{number}.py" for number in range(20)]
    assert all(isinstance(packed, PackedFile) for _, packed in answers)
    assert lanes.counters.started == 1


def test_a_slow_file_among_others_is_postponed_and_costs_none_of_them(lanes: ParseLanes) -> None:
    first, second, *rest = (outcome for _, outcome in lanes.extract([good(1)[0], HANGING, *good(5)]))
    assert isinstance(first, PackedFile)
    assert second == Postponed("hang.py")
    assert [type(outcome) for outcome in rest] == [PackedFile] * 5


def test_a_file_alone_that_takes_too_long_is_refused(lanes: ParseLanes) -> None:
    [(_, outcome)] = lanes.extract([HANGING])
    assert isinstance(outcome, Refusal)
    assert outcome.status == "timed_out"
    assert lanes.counters.timed_out == 1


def test_a_file_is_not_blamed_for_time_in_which_its_lane_did_not_run() -> None:
    with closing(ParseLanes(1, limit_s=1.0, idle_s=60)) as lanes, ThreadPoolExecutor(1) as thread:
        list(lanes.extract(good(1)))
        [pid] = lanes.pids()
        os.kill(pid, signal.SIGSTOP)
        extraction = thread.submit(lambda: list(lanes.extract(good(1))))
        wait([extraction], timeout=1.3)  # beyond the limit
        os.kill(pid, signal.SIGCONT)
        [(_, outcome)] = extraction.result()
        assert isinstance(outcome, PackedFile)
        assert lanes.counters.started == 1


def test_a_file_whose_facts_would_fill_the_memory_is_refused(lanes: ParseLanes) -> None:
    methods = "".join(f"    def f{number}(self): ...\n" for number in range(1_000))
    [(_, outcome)] = lanes.extract([Request("long.py", f"class {'C' * 50_000}:\n{methods}".encode())])
    assert isinstance(outcome, Refusal)
    assert (outcome.status, "memory" in outcome.detail) == ("quarantined", True)
    assert all(isinstance(packed, PackedFile) for _, packed in lanes.extract(good(2)))


def test_hurried_a_slow_file_is_postponed_even_if_it_is_alone_or_the_last(lanes: ParseLanes) -> None:
    assert [outcome for _, outcome in lanes.hurried().extract([HANGING])] == [Postponed("hang.py")]
    *_, (_, last) = lanes.hurried().extract([*good(3), HANGING])
    assert last == Postponed("hang.py")
    assert lanes.counters.postponed == 2
    assert lanes.counters.timed_out == 0


def test_while_a_lane_is_held_up_another_one_serves() -> None:
    lanes = ParseLanes(1, limit_s=60, idle_s=60)
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(lambda: list(lanes.extract([HANGING])))
        while not lanes.pids():
            pass
        assert len(list(lanes.extract(good(3)))) == 3
        assert not hanging.done()
        lanes.close()
        assert isinstance(hanging.exception(), LaneError)


def test_closing_kills_a_lane_at_work_and_refuses_new_work(lanes: ParseLanes) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            list(lanes.extract([HANGING]))
        except LaneError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not lanes.pids():
        pass
    [pid] = lanes.pids()
    lanes.close()
    thread.join()
    assert len(errors) == 1
    assert not psutil.pid_exists(pid)
    with pytest.raises(LaneError):
        list(lanes.extract(good(1)))


def test_a_lane_killed_between_files_is_replaced(lanes: ParseLanes) -> None:
    list(lanes.extract(good(1)))
    psutil.Process(lanes.pids()[0]).kill()
    assert [type(outcome) for _, outcome in lanes.extract(good(3))] == [PackedFile] * 3


def test_a_lane_that_cannot_start_blames_no_file(lanes: ParseLanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "_PROGRAM", "raise SystemExit(3)")
    with pytest.raises(LaneError, match="exit code 3"):
        list(lanes.extract(good(1)))
    monkeypatch.undo()
    assert len(list(lanes.extract(good(1)))) == 1


def test_idle_lanes_are_reaped() -> None:
    lanes = ParseLanes(1, limit_s=5, idle_s=0)
    list(lanes.extract(good(1)))
    assert len(lanes.pids()) == 1
    lanes.reap()
    assert lanes.pids() == []
    lanes.close()


def test_lanes_of_a_large_parent_last(lanes: ParseLanes) -> None:
    large = bytearray(300 * 2**20)
    large[::4096] = b"x" * len(large[::4096])  # every page of it: a child is counted with what its parent had
    list(lanes.extract(good(5)))
    list(lanes.extract(good(5)))
    assert lanes.counters.started == 1
