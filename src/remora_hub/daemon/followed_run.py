"""One run of an enricher over what has changed since its last one; where it has got to is kept beside its results."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from remora_hub.config.model import EmbedConfig, EnrichConfig, SummarizeConfig
from remora_hub.daemon.follower_main import Ordered, Outcome
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.embed_nodes import TASK as EMBED_TASK
from remora_hub.enrich.embed.embed_nodes import embed_nodes
from remora_hub.enrich.embed.model import model_for, model_name
from remora_hub.enrich.embed.node_text import TEXT_VERSION
from remora_hub.enrich.failures import Category
from remora_hub.enrich.followed import Position, read_position, store_position
from remora_hub.enrich.report import Report
from remora_hub.enrich.run_lock import run_lock
from remora_hub.enrich.summarize.chat import HttpChatModel
from remora_hub.enrich.summarize.prompt import PROMPT_VERSION
from remora_hub.enrich.summarize.run import Budget, summarize
from remora_hub.enrich.summarize.selection import Selection
from remora_hub.enrich.summarize.settings import configured_model
from remora_hub.enrich.summarize.store import TASK as SUMMARY_TASK
from remora_hub.enrich.summarize.store import summary_store
from remora_hub.errors import HubError
from remora_hub.paths import StatePaths
from remora_hub.store.changes import Horizon
from remora_hub.store.reader import Reader

_LATEST = 100  # files that come before the rest where any may have changed


async def followed_run(ordered: Ordered, control: RunControl) -> Outcome:
    """Do what is ordered, until it is done or cancelled. Raises HubError where nothing can be done."""
    paths = StatePaths(Path(ordered.root), Path(ordered.state_dir))
    config = msgspec.json.decode(ordered.config, type=EnrichConfig)
    task = EMBED_TASK if ordered.task == "embed" else SUMMARY_TASK
    with (
        run_lock(paths.enrich_database, task),  # a person may have started a run, too
        closing(Reader(paths.database)) as reader,
        EnrichDatabase(paths.enrich_database) as database,
    ):
        position = Position(_variant(ordered, config), reader.index_id(), reader.sequence())
        changed = _changed_since(reader, read_position(database, ordered.task), position)
        if changed is not None and not changed:
            return Outcome()
        if ordered.task == "embed":
            outcome = await _embed(reader, database, config.embed, changed, control)
        else:
            outcome = await _summarize(
                reader, paths.root, database, ordered, config.summarize, changed, control
            )
        if not (control.is_cancelled or outcome.problem or outcome.is_budget_spent):
            store_position(database, ordered.task, position)
        return outcome


def _variant(ordered: Ordered, config: EnrichConfig) -> str:
    if ordered.task == "embed":
        return f"{model_name(config.embed)} {TEXT_VERSION}"
    return f"{config.summarize.provider} {config.summarize.model} {PROMPT_VERSION}"


def _changed_since(reader: Reader, before: Position | None, now: Position) -> list[str] | None:
    """The files that changed meanwhile; None if any may have."""
    if before is None or (before.variant, before.index_id) != (now.variant, now.index_id):
        return None
    changed: dict[str, None] = {}
    since = before.sequence
    while since < now.sequence:
        commits = reader.changes_since(since)
        if isinstance(commits, Horizon) or not commits:
            return None
        changed.update(dict.fromkeys(path for commit in commits for path in commit.files))
        since = commits[-1].seq
    return list(changed)


def _latest(reader: Reader) -> frozenset[str]:
    """The files that were written to last: of all that there are, what somebody works on."""
    changed_ns = {path: one.changed_ns for path, one in reader.fingerprints().items()}
    return frozenset(sorted(changed_ns, key=lambda path: -changed_ns[path])[:_LATEST])


async def _embed(
    reader: Reader,
    database: EnrichDatabase,
    config: EmbedConfig,
    changed: list[str] | None,
    control: RunControl,
) -> Outcome:
    model = model_for(config)
    try:
        first = _latest(reader) if changed is None else frozenset[str]()
        embedded = await embed_nodes(
            reader, database, model, paths=changed, first_paths=first, control=control
        )
    finally:
        await model.close()
    return _outcome(embedded.report, tokens=_tokens(embedded.report))


async def _summarize(
    reader: Reader,
    root: Path,
    database: EnrichDatabase,
    ordered: Ordered,
    config: SummarizeConfig,
    changed: list[str] | None,
    control: RunControl,
) -> Outcome:
    settings = configured_model(config)
    budget = Budget(
        config.max_tokens - ordered.tokens_so_far if config.max_tokens else None,
        config.max_cost - ordered.cost_so_far if config.max_cost else None,
    )
    spending = budget.spending(settings)
    try:
        report = await summarize(
            reader,
            root,
            summary_store(database, settings.model),
            settings,
            HttpChatModel(settings),
            selection=Selection(keys=None if changed is None else _keys_of(reader, changed)),
            first_paths=_latest(reader) if changed is None else frozenset(),
            spending=spending,
            control=control,
        )
        outcome = _outcome(report.run, tokens=spending.used.total)
    except HubError as error:  # what was used until then counts all the same
        outcome = Outcome(problem=error.problem, remedy=error.hint, tokens=spending.used.total)
    return msgspec.structs.replace(outcome, cost=spending.cost or 0.0, is_budget_spent=spending.is_spent)


def _keys_of(reader: Reader, paths: list[str]) -> frozenset[str]:
    return frozenset(key for _, rows in reader.rows_of(paths) for key, _ in rows)


def _outcome(report: Report, *, tokens: int) -> Outcome:
    """An answer that is of no use would be of none again, and costs: it is left until its node changes."""
    failed = {name: count for name, count in report.errors.items() if name != Category.CANCELLED.value}
    passing = {name: count for name, count in failed.items() if name != Category.BAD_ANSWER.value}
    return Outcome(
        done=report.done,
        failed=sum(failed.values()),
        tokens=tokens,
        problem=f"of {report.total} items failed: {_listed(passing)}" if passing else "",
        remedy="none needed; they are tried again" if passing else "",
    )


def _listed(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{count} by {name}" for name, count in failures.items())


def _tokens(report: Report) -> int:
    return sum(use.tokens for use in report.providers.values())
