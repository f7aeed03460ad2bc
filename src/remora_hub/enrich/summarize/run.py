"""Runs a plan on the processor: asks the model about each subject, within the budget, and keeps what it says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from remora_hub.enrich.batches import Batch, Finished
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.failures import Category, ItemError
from remora_hub.enrich.job import Job, Options
from remora_hub.enrich.persistence import Persistence
from remora_hub.enrich.report import Report
from remora_hub.enrich.run import run_job
from remora_hub.enrich.summarize.asking import Asking
from remora_hub.enrich.summarize.exchange import ChatModel
from remora_hub.enrich.summarize.plan import ANSWER_TOKENS, Extent, Plan, plan
from remora_hub.enrich.summarize.prompt import estimated_input_tokens
from remora_hub.enrich.summarize.selection import Selection
from remora_hub.enrich.summarize.settings import ModelSettings
from remora_hub.enrich.summarize.spending import Spending
from remora_hub.enrich.summarize.store import forget_gone
from remora_hub.enrich.task_store import TaskStore
from remora_hub.enrich.work_queue import Priority
from remora_hub.errors import ConfigError
from remora_hub.query.catalogue import Catalogue
from remora_hub.query.index import FileCache, Index
from remora_hub.store.reader import Reader

_REASONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use, and may cost in US dollars; None: anything."""

    max_tokens: int | None = None
    max_cost: float | None = None

    def spending(self, settings: ModelSettings) -> Spending:
        """Nothing spent yet. Raises ConfigError for a budget in dollars without prices."""
        check_budget(self, settings)
        return Spending(settings.prices, max_tokens=self.max_tokens, max_cost=self.max_cost)


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """What a run did. ``cancelled`` of its items it did not come to, as its budget was spent, or it was cancelled;
    ``left`` are those with what the plan left out.

    ``known``, ``done_before`` and ``changed`` are those of the plan. ``cost`` is in US dollars, None where prices are
    not known; tokens are as the provider counted them, the most there can have been where it did not say.
    ``reasons``: why items failed, the most frequent first, and how many did.
    """

    run: Report
    input_tokens: int
    output_tokens: int
    cost: float | None
    known: int
    done_before: int
    changed: int
    cancelled: int
    left: int
    is_budget_spent: bool
    reasons: dict[str, int]


async def summarize(
    reader: Reader,
    root: Path,
    store: TaskStore[str],
    settings: ModelSettings,
    model: AbstractAsyncContextManager[ChatModel],
    *,
    selection: Selection,
    first_paths: AbstractSet[str] = frozenset(),
    extent: Extent | None = None,
    budget: Budget | None = None,
    spending: Spending | None = None,
    control: RunControl | None = None,
) -> SummaryReport:
    """Plan and run: the summaries of ``selection`` in the index of ``reader``, whose files are below ``root``.

    Those in ``first_paths`` come first, with what they need. Those of nodes that are gone are removed.

    ``store`` is that of ``summary_store``. Raises as ``plan`` and ``run`` do.
    """
    index = Index(reader, FileCache(), Catalogue(), {}, lambda: False)
    await asyncio.to_thread(forget_gone, store, reader)
    planned = await asyncio.to_thread(plan, index, root, store, selection, extent or Extent())
    return await run(
        planned,
        store,
        settings,
        model,
        first_paths=first_paths,
        budget=budget,
        spending=spending,
        control=control,
    )


async def run(
    planned: Plan,
    store: TaskStore[str],
    settings: ModelSettings,
    model: AbstractAsyncContextManager[ChatModel],
    *,
    first_paths: AbstractSet[str] = frozenset(),
    budget: Budget | None = None,
    spending: Spending | None = None,
    control: RunControl | None = None,
    progress_name: str | None = None,
) -> SummaryReport:
    """Do what is planned. What is done is stored, however it ends.

    ``spending`` is kept to in the place of ``budget``, for a caller who must know what was used if this raises.

    Raises ConfigError for a budget in dollars without prices, RefusedError as soon as the provider answers so that no
    call can succeed, and StoreError.
    """
    budget, control = budget or Budget(), control or RunControl()
    check_budget(budget, settings)
    await asyncio.to_thread(_adopt, planned.known, store)
    async with model as opened:
        spending = spending or budget.spending(settings)
        asking = Asking(opened, spending, control, planned.summaries)
        job = Job(
            items=planned.subjects,
            process=asking,
            estimate_tokens=lambda subject: estimated_input_tokens(subject) + ANSWER_TOKENS,
            limiter_name=settings.provider,
            target_rpm=settings.requests_per_minute,
            target_tpm=settings.tokens_per_minute,
            progress_name=progress_name,
            priority=lambda subject: Priority.CHANGED if subject.path in first_paths else Priority.REST,
            topic=lambda subject: subject.path,
            after=lambda subject: subject.after,
            admit=asking.admit,
            # The model has a limit of its own for each call, in which waiting for the budget does not count.
            options=Options(max_workers=settings.max_workers, call_timeout_s=None, redo=planned.redo),
            persistence=Persistence(
                sink=store,
                cache=store,
                history=store,
                key=lambda subject: subject.key,
                digest=lambda subject: subject.digest,
            ),
            control=control,
        )
        results = await run_job(job)
    if asking.refused is not None:
        raise asking.refused
    errors = [one for one in results if isinstance(one, ItemError)]
    reasons = Counter(one.reason for one in errors if one.category is not Category.CANCELLED)
    cancelled = sum(one.category is Category.CANCELLED for one in errors)
    return SummaryReport(
        run=results.report,
        input_tokens=spending.used.input,
        output_tokens=spending.used.output,
        cost=spending.cost,
        known=len(planned.known),
        done_before=planned.done_before,
        changed=planned.changed,
        cancelled=cancelled,
        left=planned.left_out + cancelled,
        is_budget_spent=spending.is_spent or spending.too_large > 0,
        reasons=dict(reasons.most_common(_REASONS_SHOWN)),
    )


def check_budget(budget: Budget, settings: ModelSettings) -> None:
    """Raises ConfigError where it cannot be kept."""
    prices = settings.prices
    # What wants a key may want money, too, even if it speaks as a server of one's own does.
    is_known = prices is not None and bool(prices.input or prices.output or not settings.key_variables)
    if budget.max_cost is not None and not is_known:
        raise ConfigError(
            "keep to max_cost",
            reason=f"what {settings.model} costs is not known",
            hint="set enrich.summarize.input_price and output_price, or max_tokens",
        )


def _adopt(known: Mapping[str, str], store: TaskStore[str]) -> None:
    """Give nodes the summaries that their text had before, under another key, in one transaction. Raises StoreError."""
    if known:
        texts = store.get(set(known.values()))
        items = (Finished(0, key, digest, texts[digest]) for key, digest in known.items() if digest in texts)
        store.write(Batch(0, tuple(items)))
