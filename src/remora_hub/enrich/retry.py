"""Whether a failed call is made again, and when.

Looked at: stamina 26 (on tenacity). It waits inside the call, so that with 300 workers and a refusing provider 300
slots are held by sleepers; an item that waits has to go back into the queue here, to reserve its tokens anew, in its
priority, and to find the breaker and the lowered rate in its way. Its sleep is asyncio's, so no test can have the time
pass. What is left of it then is the arithmetic below.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from remora_hub.enrich.failures import Category, Failure


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` calls in all, the waits between them doubling from ``base_s``.

    A refused call is no fault of its item and is followed by a lower rate, so there are ``refusals`` of those.
    """

    attempts: int = 3
    base_s: float = 1.0
    longest_s: float = 60.0
    refusals: int = 10

    def allows(self, failure: Failure, attempts: int) -> bool:
        """Whether to try again after ``attempts`` calls that failed."""
        most = self.refusals if failure.category is Category.RATE_LIMIT else self.attempts
        return failure.is_worth_retrying and attempts < most

    def wait_s(self, failure: Failure, attempts: int, chance: random.Random) -> float:
        """Seconds until the next call; half of the backoff at random, so that what failed together comes apart."""
        backoff_s = min(self.longest_s, self.base_s * 2.0 ** (attempts - 1))
        return max(backoff_s * chance.uniform(0.5, 1.0), failure.retry_after_s or 0.0)
