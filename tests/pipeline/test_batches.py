"""Batches of the cold start: in order, each file once, small towards the end; what is asked about comes first."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from remora_hub.pipeline.batches import FILES_PER_BATCH, Batches

SIZES = {f"f{number:03}.py": 1_000 for number in range(200)}


def nothing() -> Collection[str]:
    return ()


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_every_file_is_in_one_batch_in_order_and_batches_shrink(lanes: int) -> None:
    batches = list(Batches(SIZES, lanes, nothing))
    assert [path for batch in batches for path in batch] == list(SIZES)
    lengths = list(map(len, batches))
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] <= FILES_PER_BATCH
    assert lengths[-1] == 1


def test_a_batch_of_large_files_is_small() -> None:
    sizes = dict.fromkeys(SIZES, 200_000)
    assert len(next(Batches(sizes, 2, nothing))) == 2


def test_what_is_asked_about_comes_next_and_once() -> None:
    asked: list[str] = []
    batches = Batches(SIZES, 2, lambda: asked)
    first = list(next(batches))
    asked += ["f150.py", "f000.py", "unknown.py", "f151.py"]
    assert list(next(batches)) == ["f150.py", "f151.py"]
    rest = [path for batch in batches for path in batch]
    assert sorted([*first, "f150.py", "f151.py", *rest]) == list(SIZES)


def test_of_nothing_there_is_no_batch() -> None:
    assert list(Batches({}, 2, nothing)) == []
