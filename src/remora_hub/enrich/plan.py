"""What of the input is left to do."""

from __future__ import annotations

from typing import TypeVar

from remora_hub.enrich.job import Job
from remora_hub.enrich.outcomes import Outcomes
from remora_hub.enrich.recorder import Recorder

Item = TypeVar("Item")
Result = TypeVar("Result")


async def plan(
    job: Job[Item, Result],
    outcomes: Outcomes[Item, Result],
    recorder: Recorder[Item, Result] | None,
) -> None:
    """Queue what has to be called for; finish at once what is skipped, stored already or cached."""
    skipped = min(job.options.skip, len(job.items))
    for index in range(skipped):
        outcomes.skip(index)
    rest = range(skipped, len(job.items))
    if recorder is not None:
        rest_list = await _finish_known(job, outcomes, recorder, rest)
    else:
        rest_list = list(rest)
    for index in rest_list:
        outcomes.enqueue(index)


async def _finish_known(
    job: Job[Item, Result], outcomes: Outcomes[Item, Result], recorder: Recorder[Item, Result], indices: range
) -> list[int]:
    """Finish what is stored or cached under its digest, unless it is to be done again; the others."""
    keep = job.persistence
    assert keep is not None
    keys = {index: keep.key(job.items[index]) for index in indices}
    digests = {index: keep.digest(job.items[index]) for index in indices}
    stored, cached = {}, {}
    if not job.options.redo:
        wanted = {keys[index]: digests[index] for index in indices}
        stored = dict(await recorder.in_writer(lambda: keep.sink.stored(wanted)))
        missing = {digests[index] for index in indices if keys[index] not in stored}
        if keep.cache is not None and missing:
            cache = keep.cache
            cached = dict(await recorder.in_writer(lambda: cache.get(missing)))
    leaders: dict[str, int] = {}
    left = []
    for index, digest in digests.items():
        if keys[index] in stored:
            outcomes.done_before(index, stored[keys[index]])
        elif digest in cached:
            outcomes.done(index, cached[digest], seconds=None)
        elif keep.cache is not None and digest in leaders:
            outcomes.add_twin(leaders[digest], index)
        else:
            leaders[digest] = index
            left.append(index)
    return left
