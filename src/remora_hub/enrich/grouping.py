"""How many items to put into one call, where the provider takes several."""

from __future__ import annotations

from math import ceil

from remora_hub.enrich.limiter import Left


def items_per_call(*, most: int, waiting: int, free_workers: int, tokens_per_item: float, left: Left) -> int:
    """As many as make the best of what is left of the budgets; 1 to ``most``.

    What waits is shared among the workers that are free, so that none idles at the end. Where tokens are limited, the
    requests that are left share the tokens that are left: with few requests left each carries more, with few tokens
    each carries less, down to one item.
    """
    share = ceil(waiting / max(1, free_workers))
    if left.requests is not None:  # fewer requests than workers: these have to carry everything
        share = max(share, ceil(waiting / max(1.0, left.requests)))
    if left.tokens is not None and tokens_per_item > 0:
        requests = free_workers if left.requests is None else min(free_workers, left.requests)
        share = min(share, int(left.tokens / max(1.0, requests) / tokens_per_item))
    return max(1, min(most, share))
