"""``remora-hub enrich summarize``: one or two sentences on each definition, by a chat model."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from click import get_current_context

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.index import bring_up_to_date
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.terminal import printable

if TYPE_CHECKING:
    from remora_hub.enrich.summarize.plan import Estimate, Plan
    from remora_hub.enrich.summarize.run import SummaryReport
    from remora_hub.enrich.summarize.settings import ModelSettings

# As ``enrich.summarize.own_text`` has them: the help of this command must not import that.
_KINDS = ("function", "method", "property", "class", "module")


class _Prospect(msgspec.Struct, frozen=True):
    """What a run would do: as ``--dry-run`` shows it."""

    model: str
    host: str
    estimate: Estimate
    known: int
    done_before: int
    changed: int
    left_out: int


@click.command()
@click.option("--path", default="", help="Only in this directory or file, or where this glob matches.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only this kind; may be repeated."
)
@click.option("--private", is_flag=True, help="Also what is not exported, and tests.")
@click.option("--limit", type=click.IntRange(1), help="Most summaries to make.")
@click.option("--skip", default=0, type=click.IntRange(0), help="Leave out the first of those to make.")
@click.option("--redo", is_flag=True, help="Make anew those that are there.")
@click.option("--max-tokens", type=click.IntRange(1), help="Most tokens to use, read and written.")
@click.option("--max-cost", type=click.FloatRange(0, min_open=True), help="Most to spend, in US dollars.")
@click.option("--dry-run", is_flag=True, help="Show what it would take, and send nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before sending.")
@finds_root
def summarize(
    options: CommonOptions,
    path: str,
    kinds: tuple[str, ...],
    private: bool,
    limit: int | None,
    skip: int,
    redo: bool,
    max_tokens: int | None,
    max_cost: float | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Have the model of enrich.summarize write a sentence or two on each public definition, callees before callers.

    Their source is sent to the configured endpoint. What has a summary that is not stale is left as it is. A budget, of
    the options or the configuration, is kept: where the next call might not fit, the run ends, and another one goes on.
    """
    config = options.load_config().config
    from remora_hub.enrich.database import EnrichDatabase
    from remora_hub.enrich.run_lock import run_lock
    from remora_hub.enrich.summarize.chat import HttpChatModel
    from remora_hub.enrich.summarize.plan import Extent, estimate, plan
    from remora_hub.enrich.summarize.run import Budget, check_budget, run
    from remora_hub.enrich.summarize.selection import Selection
    from remora_hub.enrich.summarize.settings import configured_model
    from remora_hub.enrich.summarize.store import TASK, forget_gone, summary_store
    from remora_hub.logs import configure_logs
    from remora_hub.query.catalogue import Catalogue
    from remora_hub.query.index import FileCache, Index
    from remora_hub.store.reader import Reader

    own = config.enrich.summarize
    settings = configured_model(own)
    budget = Budget(max_tokens or own.max_tokens or None, max_cost or own.max_cost or None)
    check_budget(budget, settings)
    model = None if dry_run else HttpChatModel(settings)  # what is missing for it is said before the work
    bring_up_to_date(options)
    configure_logs("warning" if config.logs.level == "info" else config.logs.level, config.logs.format)
    paths = options.paths()
    selection = Selection(path, frozenset(kinds or _KINDS), private)
    alone = nullcontext() if dry_run else run_lock(paths.enrich_database, TASK)
    with alone, EnrichDatabase(paths.enrich_database) as database:
        store = summary_store(database, settings.model)
        with closing(Reader(paths.database)) as reader:
            if model is not None:
                forget_gone(store, reader)
            index = Index(reader, FileCache(), Catalogue(), {}, lambda: False)
            planned = plan(index, paths.root, store, selection, Extent(redo, skip, limit))
        prospect = _prospect(settings, planned, estimate(planned.subjects, settings.prices))
        if model is None:
            if options.as_json:
                print_json(prospect)
            else:
                click.echo(_described(prospect))
            return
        click.echo(_described(prospect), err=True)  # what is printed is the report
        if planned.subjects and sys.stdin.isatty() and not yes:
            click.confirm("Send it?", abort=True, err=True)
        report = asyncio.run(run(planned, store, settings, model, budget=budget, progress_name="summaries"))
    _show_report(report, as_json=options.as_json)
    if report.run.failed > report.cancelled:
        get_current_context().exit(1)


def _prospect(settings: ModelSettings, planned: Plan, estimate: Estimate) -> _Prospect:
    return _Prospect(
        model=settings.model,
        host=settings.host,
        estimate=estimate,
        known=len(planned.known),
        done_before=planned.done_before,
        changed=planned.changed,
        left_out=planned.left_out,
    )


def _described(prospect: _Prospect) -> str:
    found = prospect.estimate
    counts = {
        "done before": prospect.done_before,
        "known under another key": prospect.known,
        "changed since they were indexed": prospect.changed,
        "left out": prospect.left_out,
    }
    lines = [
        f"summaries to make: {found.calls}, by {prospect.model} at {prospect.host}",
        f"tokens, about: {found.input_tokens} to read, {found.output_tokens} to write",
        f"cost, about: {_dollars(found.cost)}",
        *(f"{what}: {count}" for what, count in counts.items() if count),
    ]
    return "\n".join(map(printable, lines))


def _show_report(report: SummaryReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    for line in report.run.to_text().splitlines():
        print_line(line)
    for reason, count in report.reasons.items():
        print_line(f"{'failed':<16}{count} times: {reason}")
    print_line(f"{'tokens':<16}{report.input_tokens} read, {report.output_tokens} written")
    print_line(f"{'cost':<16}{_dollars(report.cost)}")
    if report.is_budget_spent:
        print_line(f"{'budget':<16}spent; left to do: {report.left}")
    elif report.left:
        print_line(f"{'left to do':<16}{report.left}")


def _dollars(cost: float | None) -> str:
    return "price not known" if cost is None else f"{cost:.4f} US dollars"
