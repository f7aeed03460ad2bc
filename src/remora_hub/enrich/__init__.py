"""Many model calls, safely at once. Usable on its own: nothing in here knows about code.

    items --plan--> work queue --> dispatcher ----> calls --> outcomes --> results, in the order of the input
      |  (skip,      (priority)      |   asks         |          |
      |   stored,                    |                |          +--> recorder (one thread)
      +-- cached)                    +- ramp          |                 |-- cache: each result as it comes
                                     +- breaker       |                 +-- sink: batches of 100, in order
                                     +- limiter <-----+ settles
                                          ^           | retries go back into the queue
                                 shared by name       +--> tally --> progress, report, history

One dispatcher per run decides what is sent next, and waits for all: for room on the ``ramp``, for the provider's
``breaker``, for a reservation of the ``limiter``. A call that ends settles its reservation, tells all three how it
went, and either finishes its items or puts them back. Whatever waits, waits in the queue, where priorities can change.

``run_concurrent`` blocks; ``await run_job(Job(...))`` is the same in an event loop. ``database`` keeps results.
"""

from remora_hub.enrich.answer import SKIPPED, Answer, Skipped
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.failures import (
    BadAnswerError,
    CallTimeoutError,
    Category,
    ItemError,
    ProviderError,
    RateLimitedError,
)
from remora_hub.enrich.job import Job, Options
from remora_hub.enrich.outcomes import Results
from remora_hub.enrich.persistence import Persistence
from remora_hub.enrich.providers import Limits
from remora_hub.enrich.report import Report
from remora_hub.enrich.retry import RetryPolicy
from remora_hub.enrich.run import run_concurrent, run_job
from remora_hub.enrich.tally import Progress
from remora_hub.enrich.work_queue import Priority

__all__ = [
    "SKIPPED",
    "Answer",
    "BadAnswerError",
    "CallTimeoutError",
    "Category",
    "ItemError",
    "Job",
    "Limits",
    "Options",
    "Persistence",
    "Priority",
    "Progress",
    "ProviderError",
    "RateLimitedError",
    "Report",
    "Results",
    "RetryPolicy",
    "RunControl",
    "Skipped",
    "run_concurrent",
    "run_job",
]
