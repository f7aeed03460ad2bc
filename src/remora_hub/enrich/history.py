"""The runs that were made: what ``remora-hub enrich history`` shows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from remora_hub.enrich.database import Connection, EnrichDatabase
from remora_hub.enrich.persistence import RunStatus
from remora_hub.enrich.report import Report

RUNS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch that was stored; ``stored_at`` in seconds since 1970."""

    number: int
    items: int
    failed: int
    stored_at: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run; times in seconds since 1970. One that was killed has neither an end nor a report."""

    id: int
    task: str
    model: str
    prompt_version: str
    began_at: float
    ended_at: float | None
    status: RunStatus
    report: Report | None
    batches: tuple[BatchRecord, ...]


def begin_run(database: EnrichDatabase, task: str, model: str, prompt_version: str) -> int:
    """Record a run that begins; its id. Runs whose process is gone were interrupted. Raises StoreError.

    The latest ``RUNS_KEPT`` are kept, for a follower makes a run for every few changes.
    """
    with database.transaction("record a run") as connection:
        running: list[tuple[Any, ...]] = connection.execute(
            "SELECT id, pid FROM hub_enrich_runs WHERE status = 'running'"
        ).fetchall()
        gone = [(run_id,) for run_id, pid in running if not _is_alive(pid)]
        connection.executemany("UPDATE hub_enrich_runs SET status = 'interrupted' WHERE id = ?", gone)
        connection.execute(
            "INSERT INTO hub_enrich_runs (task, model, prompt_version, pid, began_at, status)"
            " VALUES (?, ?, ?, ?, ?, 'running')",
            (task, model, prompt_version, os.getpid(), time.time()),
        )
        run_id = connection.last_insert_rowid()
        connection.execute("DELETE FROM hub_enrich_runs WHERE id <= ?", (run_id - RUNS_KEPT,))
        connection.execute("DELETE FROM hub_enrich_batches WHERE run_id <= ?", (run_id - RUNS_KEPT,))
        return run_id


def end_run(database: EnrichDatabase, run_id: int, status: RunStatus, report: Report) -> None:
    """Record how it ended. Raises StoreError."""
    with database.transaction("record a run") as connection:
        connection.execute(
            "UPDATE hub_enrich_runs SET status = ?, ended_at = ?, report = ? WHERE id = ?",
            (status, time.time(), report.to_json(), run_id),
        )


def read_history(database: EnrichDatabase, *, most: int = 20) -> list[RunRecord]:
    """The latest runs, the latest first, with their batches. Raises StoreError."""
    with database.reading("read the history") as connection:
        runs: list[tuple[Any, ...]] = connection.execute(
            "SELECT id, task, model, prompt_version, began_at, ended_at, status, report FROM hub_enrich_runs"
            " ORDER BY id DESC LIMIT ?",
            (most,),
        ).fetchall()
        return [
            RunRecord(
                id=run_id,
                task=task,
                model=model,
                prompt_version=prompt_version,
                began_at=began_at,
                ended_at=ended_at,
                status=status,
                report=Report.from_json(report) if report else None,
                batches=_batches(connection, run_id),
            )
            for run_id, task, model, prompt_version, began_at, ended_at, status, report in runs
        ]


def _batches(connection: Connection, run_id: int) -> tuple[BatchRecord, ...]:
    rows: Iterable[tuple[Any, ...]] = connection.execute(
        "SELECT number, items, failed, stored_at FROM hub_enrich_batches WHERE run_id = ? ORDER BY number",
        (run_id,),
    )
    return tuple(BatchRecord(*row) for row in rows)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
