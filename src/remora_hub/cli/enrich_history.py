"""``remora-hub enrich history``: the runs that were made, with reports and batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line, print_table
from remora_hub.errors import UsageError
from remora_hub.paths import StatePaths

if TYPE_CHECKING:
    from remora_hub.enrich.history import RunRecord


@click.command()
@click.argument("run", type=int, required=False)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Most runs.")
@finds_root
def history(options: CommonOptions, run: int | None, limit: int) -> None:
    """List the latest runs, the latest first; of RUN, its number, show the report and the batches.

    With --json each comes with its report and batches.
    """
    paths = options.paths()
    runs = _runs(paths, limit if run is None else None)
    if run is not None:
        runs = [found for found in runs if found.id == run]
        if not runs:
            raise UsageError("show the run", str(run), "it is not in the history")
    if options.as_json:
        print_json({"runs": runs})
    elif run is not None:
        _show(runs[0])
    elif runs:
        columns = [
            "run",
            "task",
            "model",
            "began",
            "status",
            "seconds",
            "done",
            "failed",
            "requests",
            "tokens",
        ]
        print_table(columns, map(_row, runs))
    else:
        print_line("No runs yet.")


def _runs(paths: StatePaths, limit: int | None) -> list[RunRecord]:
    from remora_hub.enrich.database import EnrichDatabase  # SQLite, and msgspec's types of a report
    from remora_hub.enrich.history import RUNS_KEPT, read_history

    if not paths.enrich_database.exists():  # looking makes no file
        return []
    with EnrichDatabase(paths.enrich_database) as database:
        return read_history(database, most=limit or RUNS_KEPT)


def _row(run: RunRecord) -> Sequence[object]:
    began = _shown_time(run.began_at)
    if (report := run.report) is None:
        stored = sum(batch.items - batch.failed for batch in run.batches)
        return run.id, run.task, run.model, began, run.status, "", stored, "", "", ""
    requests = sum(use.requests for use in report.providers.values())
    tokens = sum(use.tokens for use in report.providers.values())
    counts = f"{report.seconds:.1f}", report.done, report.failed, requests, tokens
    return run.id, run.task, run.model, began, run.status, *counts


def _show(run: RunRecord) -> None:
    print_line(f"{'task':<16}{run.task}, model {run.model}, prompt version {run.prompt_version}")
    print_line(f"{'began':<16}{_shown_time(run.began_at)}, {run.status}")
    if run.report is not None:
        for line in run.report.to_text().splitlines():
            print_line(line)
    batches = (
        (batch.number, batch.items, batch.failed, _shown_time(batch.stored_at)) for batch in run.batches
    )
    print_table(["batch", "items", "failed", "stored"], batches)


def _shown_time(seconds: float) -> str:
    """In the time zone of whoever looks."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(" ", timespec="seconds")
