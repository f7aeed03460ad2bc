"""The change queue: one entry a path, priority, fairness, bounds, and nothing lost under any policy."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from remora_hub.pipeline.change_queue import ChangeQueue, Outcome, Priority

POLICIES: list[Any] = ["reconcile", "block", "shed_oldest"]


def queue_of(size: int = 100, policy: Any = "reconcile") -> tuple[ChangeQueue, list[str]]:
    marked: list[str] = []
    return ChangeQueue(size, policy, marked.append), marked


async def fill(queue: ChangeQueue, *paths: str, priority: Priority = Priority.CHANGED) -> None:
    for path in paths:
        await queue.put(path, priority)


async def test_paths_leave_in_the_order_they_came_and_only_once() -> None:
    queue, _ = queue_of()
    await fill(queue, "a", "b", "a", "c")
    assert await queue.take(10) == ["a", "b", "c"]
    assert queue.counters.merges == 1


async def test_higher_priorities_leave_first_and_a_waiting_path_moves_up() -> None:
    queue, _ = queue_of()
    await fill(queue, "old1", "old2", priority=Priority.RECONCILE)
    await fill(queue, "changed")
    await fill(queue, "old2", priority=Priority.LOOKED_AT)
    assert await queue.take(10) == ["old2", "changed", "old1"]


async def test_lower_priorities_have_their_turn_under_steady_load() -> None:
    queue, _ = queue_of()
    await fill(queue, "patient", priority=Priority.RECONCILE)
    taken: list[str] = []
    for turn in range(20):
        await fill(queue, f"hot{turn}", f"hotter{turn}")
        for path in await queue.take(1):
            taken.append(path)
            queue.finish(path)
    assert "patient" in taken


async def test_a_path_that_changes_while_it_is_worked_on_is_taken_again_afterwards() -> None:
    queue, _ = queue_of()
    await fill(queue, "a")
    assert await queue.take(10) == ["a"]
    await fill(queue, "a", "b")
    assert await queue.take(10) == ["b"]  # never two at work on one path
    queue.finish("a")
    assert await queue.take(10) == ["a"]


async def test_a_hot_path_waits_behind_all_others_each_time() -> None:
    queue, _ = queue_of()
    await fill(queue, "hot")
    assert await queue.take(1) == ["hot"]
    await fill(queue, "hot", "b", "c")
    queue.finish("hot", Outcome.DISCARDED)
    assert await queue.take(10) == ["b", "c", "hot"]


@pytest.mark.parametrize(
    ("outcome", "is_told"),
    [
        (Outcome.STORED, True),
        (Outcome.OVERTAKEN, True),
        (Outcome.DISCARDED, False),
        (Outcome.POSTPONED, False),
    ],
)
async def test_whoever_waits_is_told_once_a_state_is_stored(outcome: Outcome, is_told: bool) -> None:
    queue, _ = queue_of()
    finished = await queue.put_for("a", Priority.CHANGED)
    await queue.take(1)
    later = await queue.put_for(
        "a", Priority.CHANGED
    )  # asked after it was taken: its reader may have been too early
    queue.finish("a", outcome)
    assert (finished.done(), later.done()) == (is_told, False)
    await (queue.take_suspect() if outcome is Outcome.POSTPONED else queue.take(1))
    queue.finish("a")
    assert finished.done()
    assert later.done()
    assert queue.pending == 0


async def test_a_postponed_path_waits_apart_until_a_state_of_it_is_stored() -> None:
    queue, _ = queue_of()
    await fill(queue, "slow")
    await queue.take(1)
    queue.finish("slow", Outcome.POSTPONED)
    await fill(queue, "b", "slow", "c")
    assert await queue.take(10) == ["b", "c"]
    assert queue.pending == 3
    for outcome in (Outcome.DISCARDED, Outcome.OVERTAKEN, Outcome.STORED):
        assert await queue.take_suspect() == "slow"
        await fill(queue, "slow")
        queue.finish("slow", outcome)
    assert await queue.take(10) == ["slow"]


@pytest.mark.parametrize("policy", POLICIES)
async def test_suspects_leave_the_queue_room_for_others_and_are_bounded_too(policy: Any) -> None:
    queue, marked = queue_of(2, policy)
    for number in range(2):
        await fill(queue, f"slow{number}")
        await queue.take(1)
        queue.finish(f"slow{number}", Outcome.POSTPONED)
    assert await queue.take_suspect() == "slow0"
    await fill(queue, "a", "b")
    assert await queue.take(1) == ["a"]
    queue.finish("a", Outcome.POSTPONED)
    assert (queue.depth, queue.pending, marked) == (1, 4, [])
    if policy == "block":
        putting = asyncio.create_task(fill(queue, "d/c"))
        await asyncio.sleep(0)
        assert not putting.done()
        queue.finish("slow0")
        await putting
    else:
        await fill(queue, "d/c")
        assert len(marked) == 1


async def test_reconcile_marks_the_directory_of_what_does_not_fit() -> None:
    queue, marked = queue_of(2, "reconcile")
    await fill(queue, "d/a", "d/b", "e/c", "top")
    assert marked == ["e", ""]
    assert queue.depth == 2


async def test_shed_oldest_marks_the_directory_of_the_oldest() -> None:
    queue, marked = queue_of(2, "shed_oldest")
    await fill(queue, "d/a", "e/b", "f/c")
    assert marked == ["d"]
    assert await queue.take(10) == ["e/b", "f/c"]


async def test_shed_oldest_sheds_nothing_that_somebody_waits_for() -> None:
    queue, marked = queue_of(1, "shed_oldest")
    await queue.put_for("d/a", Priority.CHANGED)
    await fill(queue, "e/b")
    assert marked == ["e"]
    assert await queue.take(10) == ["d/a"]


async def test_block_makes_the_putter_wait_for_room() -> None:
    queue, marked = queue_of(1, "block")
    await fill(queue, "a")
    putting = asyncio.create_task(fill(queue, "b"))
    await asyncio.sleep(0)
    assert not putting.done()
    assert await queue.take(1) == ["a"]
    queue.finish("a")
    await putting
    assert await queue.take(1) == ["b"]
    assert (queue.counters.waits, marked) == (1, [])


@pytest.mark.parametrize("policy", POLICIES)
async def test_under_every_policy_each_path_is_taken_or_its_directory_marked(policy: Any) -> None:
    queue, marked = queue_of(7, policy)
    paths = [f"d{number % 13}/f{number}" for number in range(500)]
    taken: set[str] = set()
    deepest = 0

    async def work() -> None:
        nonlocal deepest
        while True:
            for path in await queue.take(3):
                deepest = max(deepest, queue.pending)
                await asyncio.sleep(0)
                taken.add(path)
                queue.finish(path)

    worker = asyncio.create_task(work())
    await asyncio.gather(*(fill(queue, *paths[start::5]) for start in range(5)))
    while queue.pending:  # noqa: ASYNC110 - the queue has no event for being empty
        await asyncio.sleep(0)
    worker.cancel()
    assert all(path in taken or path.partition("/")[0] in marked for path in paths)
    assert deepest <= 7
    assert queue.counters.high_water <= 7
