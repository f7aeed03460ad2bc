from __future__ import annotations

import pytest

from remora_hub.enrich.grouping import items_per_call
from remora_hub.enrich.limiter import Left

FREE = Left(None, None)


@pytest.mark.parametrize(
    ("waiting", "workers", "tokens_per_item", "left", "expected"),
    [
        (10_000, 10, 0, FREE, 64),  # plenty: full calls
        (100, 50, 0, FREE, 2),  # what is left is shared, so that no worker idles
        (3, 50, 0, FREE, 1),
        (100, 50, 0, Left(4, None), 25),  # four requests left have to carry everything
        (10_000, 10, 100, Left(None, 20_000), 20),  # ten workers share the tokens
        (10_000, 10, 100, Left(5, 20_000), 40),  # five requests share them
        (10_000, 10, 100, Left(5, 50), 1),  # never fewer than one
        (10_000, 10, 0, Left(None, 0), 64),
    ],
)
def test_a_call_takes_what_makes_the_best_of_the_budgets(
    waiting: int, workers: int, tokens_per_item: float, left: Left, expected: int
) -> None:
    size = items_per_call(
        most=64, waiting=waiting, free_workers=workers, tokens_per_item=tokens_per_item, left=left
    )
    assert size == expected
