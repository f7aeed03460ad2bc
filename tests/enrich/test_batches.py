from __future__ import annotations

import random

from remora_hub.enrich.batches import BatchLedger, Finished
from remora_hub.enrich.failures import Category, ItemError


def finished(index: int) -> Finished[int]:
    return Finished(index, f"k{index}", "d", index)


def test_batches_come_out_complete_in_order_and_sorted_whatever_finishes_first() -> None:
    ledger: BatchLedger[int] = BatchLedger(100)
    for index in range(1050):
        ledger.begin(index)
    order = list(range(1050))
    random.Random(3).shuffle(order)
    batches = []
    for index in order:
        ledger.finish(finished(index))
        batches += ledger.take_complete()
    assert [batch.number for batch in batches] == list(range(10))
    assert [item.index for batch in batches for item in batch.items] == list(range(1000))
    assert [item.index for batch in ledger.take_rest() for item in batch.items] == list(range(1000, 1050))


def test_a_batch_behind_an_incomplete_one_waits() -> None:
    ledger: BatchLedger[int] = BatchLedger(2)
    for index in range(4):
        ledger.begin(index)
    for index in (0, 2, 3):
        ledger.finish(finished(index))
    assert ledger.take_complete() == []
    ledger.finish(finished(1))
    assert [batch.number for batch in ledger.take_complete()] == [0, 1]


def test_items_belong_together_in_the_order_in_which_they_were_begun() -> None:
    ledger: BatchLedger[int] = BatchLedger(2)
    for index in (7, 3, 5):
        ledger.begin(index)
        ledger.begin(index)
    for index in (7, 3):
        ledger.finish(finished(index))
    (batch,) = ledger.take_complete()
    assert [item.index for item in batch.items] == [3, 7]


def test_failed_items_are_counted() -> None:
    ledger: BatchLedger[int] = BatchLedger(2)
    for index in range(2):
        ledger.begin(index)
    ledger.finish(finished(0))
    ledger.finish(Finished(1, "k", "d", ItemError(1, Category.PROVIDER, "", 3)))
    assert ledger.take_complete()[0].failed == 1
